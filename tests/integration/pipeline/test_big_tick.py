"""More contacts due in one tick than a transaction holds; `tests.programs.scenarios big-tick` does 200,000."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.harness.deployment.live_deployment import live_deployment
from tests.programs.scenarios import big_tick

pytestmark = pytest.mark.program

CONTACTS = 15_000
UNHURRIED: dict[str, Any] = {"transaction_bound_ms": 30_000, "transaction_timeout_ms": 60_000, "session_ms": 30_000}
"""The worker does not end itself because the machine is busy with something else for some seconds."""


async def test_everybody_due_in_one_tick_leaves_once_though_the_worker_is_killed(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    async with live_deployment(kafka, prefix, tmp_path, partitions=1, in_partitions=1, **UNHURRIED) as made:
        report = await big_tick.run(made, CONTACTS, workers=1)
    assert not report.wrong, report
    assert report.ticks_with_exits == {0: 1}
    assert report.transactions >= 2, report
    assert report.killed_after < CONTACTS, report
    assert report.restarts == 1

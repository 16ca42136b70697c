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
"""Settings with which a worker does not end itself when the machine is busy for some seconds."""


async def test_all_contacts_due_in_one_tick_leave_once_although_the_worker_is_killed(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    async with live_deployment(kafka, prefix, tmp_path, partitions=1, in_partitions=1, **UNHURRIED) as deployment:
        report = await big_tick.run(deployment, CONTACTS, workers=1)
    assert not report.wrong, report
    assert report.ticks_with_exits == {0: 1}
    assert report.transactions >= 2, report
    assert report.killed_after < CONTACTS, report
    assert report.restarts == 1

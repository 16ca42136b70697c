"""A partition that cannot be read holds up time, and not the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.deployment.live_deployment import live_deployment
from tests.programs.scenarios import open_transaction

pytestmark = pytest.mark.program


async def test_what_cannot_be_read_holds_up_exits_and_not_other_partitions(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    # Other partitions go on even when they are further ahead than records may be of one that can be read.
    async with live_deployment(kafka, prefix, tmp_path, partitions=2, in_partitions=3, in_step_ms=2_000) as made:
        report = await open_transaction.run(made, hold=7.0, workers=1)
    assert not report.wrong, report
    # All of them while the transaction was open; how soon depends on the machine.
    assert report.journaled_meanwhile >= 2 * open_transaction.ENOUGH_DUE, report
    assert report.delayed_exits >= 2 * open_transaction.ENOUGH_DUE, report

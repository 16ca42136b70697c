"""A partition that cannot be read holds back time, and not the other partitions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.deployment.live_deployment import live_deployment
from tests.programs.scenarios import open_transaction

pytestmark = pytest.mark.program


async def test_an_unreadable_partition_delays_exits_and_not_other_partitions(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    # Other partitions go on, although they get further ahead than alignment allows for a readable one.
    async with live_deployment(
        kafka, prefix, tmp_path, partitions=2, in_partitions=3, in_step_ms=2_000
    ) as deployment:
        report = await open_transaction.run(deployment, hold=7.0, workers=1)
    assert not report.wrong, report
    # All were journaled while the transaction was open; how fast depends on the machine.
    assert report.journaled_meanwhile >= 2 * open_transaction.ENOUGH_DUE, report
    assert report.delayed_exits >= 2 * open_transaction.ENOUGH_DUE, report

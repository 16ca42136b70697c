"""A backlog in two topics of different speed; `python -m tests.programs.scenarios backlog` does two days of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.deployment.live_deployment import live_deployment
from tests.programs.scenarios import backlog

pytestmark = pytest.mark.program


async def test_nobody_is_taken_for_silent_while_a_backlog_is_worked_off(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    density = backlog.BacklogSize(length=75 * backlog.MINUTE, visits=2_000, scores=10_000)
    async with live_deployment(kafka, prefix, tmp_path, backlog.FOREIGN, partitions=2) as made:
        report = await backlog.run(made, density, workers=2)
    assert not report.wrong, report
    assert report.rejected_count == backlog.CONTACTS
    assert report.out_of_step > 0, report  # what came first was not all of it read first

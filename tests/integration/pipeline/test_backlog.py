"""A backlog in two topics of different speed; `python -m tests.programs.scenarios backlog` does two days of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.deployment.live_deployment import live_deployment
from tests.programs.scenarios import backlog

pytestmark = pytest.mark.program


async def test_no_contact_is_falsely_inactive_while_a_backlog_is_processed(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    density = backlog.BacklogSize(length=75 * backlog.MINUTE, visits=2_000, scores=10_000)
    async with live_deployment(kafka, prefix, tmp_path, backlog.FOREIGN, partitions=2) as deployment:
        report = await backlog.run(deployment, density, workers=2)
    assert not report.wrong, report
    assert report.rejected_count == backlog.CONTACTS
    assert report.out_of_step > 0, report  # the records were not read in order of arrival

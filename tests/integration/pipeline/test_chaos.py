"""The pipeline under a kill -9 and a stop past the session; `tests.programs.chaos --program pipeline` does more."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from streams.settings import Settings
from tests.programs.chaos.faults import FaultPlan
from tests.programs.chaos.run import ChaosRun

pytestmark = pytest.mark.program


async def test_killed_and_stopped_workers_write_what_a_replay_of_the_journal_gives(
    kafka: str, prefix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "aiokafka")
    settings = Settings(
        bootstrap=kafka, prefix=prefix, data_dir=tmp_path / "data", partitions=3, in_partitions=2, heartbeat_ms=1_000
    )
    plan = FaultPlan(kills=1, stops=1, joins=0, broker_restarts=0)
    run = ChaosRun(settings, tmp_path, broker=None, plan=plan, program="pipeline", events=1_800, rate=90)
    report = await run.run()
    assert report.verdict.holds, report
    assert report.fault_counts == {"kill -9": 1, "SIGSTOP past the session": 1}
    counts = report.verdict.counts
    assert counts["published"] == 1_800
    assert counts["dead letters"] >= 18  # one in a hundred is broken
    assert counts["outputs"] > 3_000
    assert counts["records of replay --journal"] == counts["outputs"]

"""A short chaos run; `python -m tests.programs.chaos` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.settings import Settings
from tests.programs.chaos.faults import FaultPlan
from tests.programs.chaos.run import ChaosRun

pytestmark = pytest.mark.program


async def test_nothing_is_lost_or_doubled_while_workers_are_killed_stopped_and_joined(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = Settings(
        bootstrap=kafka,
        prefix=prefix,
        partitions=4,
        in_partitions=3,
        data_dir=tmp_path / "data",
        heartbeat_ms=1_000,
        session_ms=2_500,
    )
    plan = FaultPlan(kills=3, stops=1, joins=1, broker_restarts=0, session_seconds=2.5, pause_factor=0.6)
    extra = {"CHAOS_WITHOUT": "", "CHAOS_CRASH": "0.002"}
    run = ChaosRun(settings, tmp_path, None, plan, events=3_000, rate=150, workers=2, seed=4, extra=extra)
    report = await run.run()
    assert report.fault_counts["kill -9"] >= 1, report
    assert report.fault_counts["SIGSTOP past the session"] == 1, report
    assert sum(times for what, times in report.fault_counts.items() if what.startswith("leave")) == 1, report
    assert set(report.exit_codes.values()) == {0}, report
    assert report.verdict.holds, report

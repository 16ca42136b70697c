"""The run: a backlog for each number of workers in turns, then joins under live traffic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import harness
from benchmarks.scaling.backlog import run_backlog
from benchmarks.scaling.join import JoinPlan, measure_join
from benchmarks.scaling.result import ScalingResult
from benchmarks.side_by_side.events import EventPlan
from benchmarks.side_by_side.machine import processor
from benchmarks.side_by_side.runs import Memberships


@dataclass(frozen=True)
class BacklogPlan:
    """The events, and how often each number of workers works them off."""

    events: EventPlan
    workers: Sequence[int]
    rounds: int

    def turns(self) -> Iterator[tuple[int, int]]:
        """Yields round and number of workers, one number after the other, since other work may come and go."""
        return ((number, workers) for number in range(self.rounds) for workers in self.workers)


async def measure(bootstrap: str, folder: Path, backlog: BacklogPlan | None, join: JoinPlan | None) -> ScalingResult:
    """Runs the parts that have a plan."""
    result = ScalingResult(processor())
    if backlog is not None:
        await _measure_backlog(bootstrap, folder, backlog, result)
    if join is not None:
        result.join = await measure_join(bootstrap, folder, join)
    return result


async def _measure_backlog(bootstrap: str, folder: Path, plan: BacklogPlan, result: ScalingResult) -> None:
    """Runs all turns; each must end with the memberships of the first."""
    expected: Memberships | None = None
    for number, workers in plan.turns():
        run, members = await run_backlog(bootstrap, folder, plan.events, workers, number)
        expected = members if expected is None else expected
        if members != expected:
            run.wrong["memberships that differ from those of the first run"] = len(members ^ expected)
        harness.report_progress(f"{run}{f', WRONG: {run.wrong}' if run.wrong else ''}")
        result.backlog.append(run)

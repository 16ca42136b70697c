"""Runs the chosen peers over the cells, round by round, and compares their memberships."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.side_by_side.cells import Cell, RunPlace
from benchmarks.side_by_side.engine import EngineRun
from benchmarks.side_by_side.peer_runs import run_peer
from benchmarks.side_by_side.pipeline_run import PIPELINES, run_pipeline
from benchmarks.side_by_side.programs import PROGRAMS, is_available
from benchmarks.side_by_side.runs import PeerRun
from benchmarks.side_by_side.topics import create_plain_topics, delete_topics, produce
from schemas.topics import CONTACT_CHANGES, WEB_VISITS

ENGINE = "engine"
PEERS: Sequence[str] = (ENGINE, *PIPELINES, *PROGRAMS)
OWN_PEERS = (*PIPELINES, ENGINE)
"""Whose memberships the others are compared with, the first that took part."""

MEASURED_SHARE = 0.8
"""Loading and events are told apart by samples; a run that leaves less than this share of its events is too short."""

ReportLine = Callable[[str], None]


@dataclass
class CellResult:
    """The runs of one cell."""

    cell: Cell
    runs: list[PeerRun] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def peers(self) -> list[str]:
        """Returns the names of those that ran, in their order."""
        return list(dict.fromkeys(run.peer for run in self.runs))

    def median_of(self, peer: str, figure: str) -> float:
        """Returns the median of a figure over the rounds of a peer."""
        return float(median(getattr(run, figure) for run in self.runs if run.peer == peer))

    def different_peers(self) -> list[str]:
        """Returns those that ended with other memberships than ours."""
        complete = [run for run in self.runs if run.is_complete]
        first = next((run for peer in OWN_PEERS for run in complete if run.peer == peer), None) or complete[0]
        return list(dict.fromkeys(run.peer for run in complete if run.members != first.members))

    def document(self) -> dict[str, Any]:
        """Returns everything for a file of JSON."""
        plan = self.cell.plan
        return {
            "segments": plan.segment_count,
            "contacts": plan.contacts,
            "events": plan.events,
            "changes": plan.changes,
            "different": self.different_peers() if self.runs else [],
            "failures": self.failures,
            "runs": [run.document() for run in self.runs],
        }

    def __str__(self) -> str:
        lines = [f"{self.cell}: us CPU an event, medians; how many times ours"]
        own = next((peer for peer in OWN_PEERS if peer in self.peers()), None)
        own_cpu = self.median_of(own, "cpu_us") if own else 0.0
        for peer in sorted(self.peers(), key=lambda name: self.median_of(name, "cpu_us")):
            cpu = self.median_of(peer, "cpu_us")
            ratio = f"x {cpu / own_cpu:6.2f}" if own_cpu else ""
            lines.append(
                f"  {peer:28} {cpu:9.1f} {ratio}   {_per_second(cpu)} events per CPU second,"
                f" {_per_second(self.median_of(peer, 'wall_us'))} per second,"
                f" broker {self.median_of(peer, 'broker_us'):.1f} us,"
                f" {self.median_of(peer, 'memory_mb'):.0f} MB"
                f" ({self.median_of(peer, 'peak_anonymous_mb'):.0f} anonymous)"
            )
            if self.median_of(peer, "events") < MEASURED_SHARE * self.cell.plan.events and peer != ENGINE:
                lines.append(f"  {peer} was done too fast to be measured: use more events")
        if different := self.different_peers() if self.runs else []:
            lines.append(f"  DIFFERENT memberships: {', '.join(different)}")
        elif len(self.peers()) > 1:
            lines.append("  equal memberships")
        return "\n".join([*lines, *(f"  FAILED: {failure}" for failure in self.failures)])


def _per_second(us: float) -> str:
    """Returns how many events take a second; a dash where there were too few to measure."""
    return f"{1e6 / us:9,.0f}" if us else f"{'-':>9}"


@dataclass(frozen=True)
class Measurement:
    """What to measure: peers, rounds, and the most seconds for the engine alone in each cell."""

    peers: Sequence[str]
    rounds: int
    engine_seconds: float
    report: ReportLine

    async def measure_cell(self, cell: Cell, place: RunPlace | None) -> CellResult:
        """Runs every peer once in each round, each round in another order."""
        result = CellResult(cell)
        self.report(str(cell))
        for peer in self.peers:
            if place is not None and not is_available(peer, place):
                self.report(f"  {peer} is left out: java or mvn is not here")
        async with contextlib.AsyncExitStack() as stack:
            in_topic = f"events-{cell.name}"
            if place is not None and set(self.peers) - set(OWN_PEERS):
                await create_plain_topics(place.bootstrap, [in_topic])
                stack.push_async_callback(delete_topics, place.bootstrap, [in_topic])
                names = {CONTACT_CHANGES.name: in_topic, WEB_VISITS.name: in_topic}
                await produce(place.bootstrap, cell.events(), names)
            for number, peer in self._turns():
                if place is not None and not is_available(peer, place):
                    continue
                try:
                    run = await self._run(peer, cell, in_topic, place, number)
                # One peer that fails must not take the others' figures along; the result and the exit code tell it.
                except Exception as error:  # noqa: BLE001
                    result.failures.append(f"{peer}: {error!r}")
                    self.report(f"  FAILED {peer}: {error!r}")
                else:
                    result.runs.append(run)
                    self.report(f"  {run}")
        return result

    def _turns(self) -> Iterator[tuple[int, str]]:
        """Yields the rounds; the order rotates, so that no peer always runs after the same one."""
        for number in range(self.rounds):
            shift = number % len(self.peers)
            for peer in (*self.peers[shift:], *self.peers[:shift]):
                yield number, peer

    async def _run(self, peer: str, cell: Cell, in_topic: str, place: RunPlace | None, number: int) -> PeerRun:
        if peer == ENGINE:
            return await asyncio.to_thread(self._run_engine, cell, number)
        if place is None:
            raise ValueError(f"{peer} needs a broker")
        if peer in PIPELINES:
            return await run_pipeline(peer, cell, place, number)
        return await run_peer(peer, cell, in_topic, place, number)

    def _run_engine(self, cell: Cell, number: int) -> PeerRun:
        engine = EngineRun(cell.plan)
        figures = engine.run(self.engine_seconds)
        self.report(f"  {figures}")
        return PeerRun(
            ENGINE,
            number,
            events=figures.events,
            cpu_us=round(figures.total, 2),
            wall_us=round(figures.total, 2),
            early_cpu_us=round(figures.total, 2),
            late_cpu_us=round(figures.total, 2),
            change_count=round(figures.changes_per_event * figures.events),
            members=engine.members(),
            is_complete=figures.events == cell.plan.events,
        )

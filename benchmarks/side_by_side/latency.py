"""The latency at fixed rates: from sending an event until a `read_committed` reader has the change that it causes."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.figures import LatencyStats
from benchmarks.side_by_side.cells import Cell, RunPlace
from benchmarks.side_by_side.live_peers import cause_id, live_peer
from benchmarks.side_by_side.peer_runs import PROJECT
from benchmarks.side_by_side.processes import tree_usage
from benchmarks.side_by_side.segments import PROBE
from benchmarks.side_by_side.traffic import WARM, TrafficCounts, TrafficPlan
from tests.harness.deployment.live_deployment import wait_for
from tests.harness.kafka.topic_follower import follow_topics

ARRIVAL_SECONDS = 30.0
PROBE_BYTES = PROBE.encode()


@dataclass
class LatencyResult:
    """The latencies (ms) of one peer, by phase, and how many probes never came."""

    peer: str
    phases: dict[str, LatencyStats] = field(default_factory=dict)
    lost: int = 0
    cores: float = 0.0
    """CPU seconds a second of the peer during all phases."""
    behind: float = 0.0
    """The most that sending was behind its time (s): with much of it the rates were not those."""

    def document(self) -> dict[str, Any]:
        """Returns the figures for a file of JSON."""
        return asdict(self)

    def __str__(self) -> str:
        phases = "; ".join(f"{name}: {stats}" for name, stats in self.phases.items())
        lost = f"; LOST {self.lost}" if self.lost else ""
        return f"{self.peer:28} {phases}; {self.cores:.2f} cores; sending behind at most {self.behind:.2f} s{lost}"


@dataclass(frozen=True)
class LatencyPlan:
    """The rates (events a second), the seconds of each, and the number of probes after silence."""

    rates: Sequence[int]
    seconds: float
    silences: int = 10


async def measure_latency(peer: str, cell: Cell, place: RunPlace, plan: LatencyPlan) -> LatencyResult:
    """Measures one peer. `cell` has probes and no events but the contacts' first ones."""
    result = LatencyResult(peer)
    latencies: dict[str, list[float]] = defaultdict(list)

    def observe(_topic: str, record: Any) -> None:
        now = time.time_ns()
        if PROBE_BYTES not in record.value:
            return  # the reader shares the cores with what it measures
        change = msgspec.json.decode(record.value)
        if change["segment"] != PROBE:
            return
        phase, sent_at, _ = cause_id(change).split(":")
        latencies[phase].append((now - int(sent_at)) / 1e6)

    async with live_peer(peer, cell, place) as live, follow_topics(place.bootstrap, [live.changes], observe):
        pid = live.process.process.pid
        traffic = TrafficPlan(
            place.bootstrap, dict(live.names), cell.plan, list(plan.rates), plan.seconds, plan.silences
        )
        cpu, start = tree_usage(pid).cpu, time.monotonic()
        counts = await _run_traffic(traffic, place.folder / f"traffic-{peer}.json")
        result.cores = round((tree_usage(pid).cpu - cpu) / (time.monotonic() - start), 2)
        expected = sum(counts.probes.values())
        await wait_for(lambda: sum(map(len, latencies.values())) >= expected, ARRIVAL_SECONDS)
    result.lost = expected - sum(map(len, latencies.values()))
    result.behind = round(counts.behind, 3)
    result.phases = {phase: LatencyStats.from_values(values) for phase, values in latencies.items() if phase != WARM}
    return result


async def _run_traffic(plan: TrafficPlan, file: Path) -> TrafficCounts:
    await asyncio.to_thread(file.write_bytes, msgspec.json.encode(plan))
    command = [sys.executable, "-m", "benchmarks.side_by_side.traffic", str(file)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=PROJECT)
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the process that sends events ended with {process.returncode}")
    return msgspec.json.decode(output, type=TrafficCounts)

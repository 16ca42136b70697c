"""The time from the start of a process, after `kill -9`, until it decides again in every partition.

Before each start one event of a contact in each partition waits; the peer has recovered when the changes that they
cause are committed. *Warm* is with the files that the killed process left, *cold* without them.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec

from benchmarks.restore import Restore, measure_restore
from benchmarks.side_by_side.cells import Cell, RunPlace
from benchmarks.side_by_side.events import EventGenerator, JobEvent
from benchmarks.side_by_side.live_peers import LivePeer, cause_id, live_peer, now_ms
from benchmarks.side_by_side.pipeline_run import PIPELINES, pipeline_limit_mb
from benchmarks.side_by_side.processes import tree_usage
from benchmarks.side_by_side.topics import PARTITIONS, produce
from streams.kafka.partitions import partition_for_key
from tests.harness.kafka.topic_follower import follow_topics

LIMIT_SECONDS = 900.0
RECOVERABLE = (*PIPELINES, "faust", "quix-exactly-once", "bytewax", "kafka-streams-cold")
"""The peers that have a recovery of their own."""


@dataclass
class RecoveryResult:
    """Seconds, and CPU seconds, of both kinds of recovery."""

    peer: str
    contacts: int
    warm_seconds: float = 0.0
    warm_cpu: float = 0.0
    cold_seconds: float = 0.0
    cold_cpu: float = 0.0
    limit_mb: int = 0
    """What the processes and their page cache might have together; 0 without a limit."""
    peak_anonymous_mb: int = 0
    restore: Restore | None = None
    """That of the cold recovery, where the peer is this pipeline."""

    def document(self) -> dict[str, Any]:
        """Returns the figures for a file of JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.peer:28} {self.contacts:,} contacts: warm {self.warm_seconds:.1f} s (CPU {self.warm_cpu:.1f} s),"
            f" cold {self.cold_seconds:.1f} s (CPU {self.cold_cpu:.1f} s)"
            f"{f'; cold: {self.restore}' if self.restore else ''}"
        )


@dataclass
class _Session:
    """A peer under measurement, and the ids of the events whose changes came so far."""

    cell: Cell
    live: LivePeer
    bootstrap: str
    generator: EventGenerator
    causes: set[str]
    peaks: list[int] = field(default_factory=list)
    """The most anonymous memory (MB) of each process before the present one."""

    def peak_anonymous_mb(self) -> int:
        """Returns the most anonymous memory (MB) of all processes of the session."""
        return max([*self.peaks, self.live.process.peak_anonymous_mb])

    async def recover(self, kind: str) -> tuple[float, float]:
        """Kills the peer, starts it again and returns the seconds and CPU seconds until it decides."""
        await asyncio.to_thread(self.live.process.kill)
        self.peaks.append(self.live.process.peak_anonymous_mb)
        if kind == "cold":
            await asyncio.to_thread(shutil.rmtree, self.live.state)
            await asyncio.to_thread(self.live.state.mkdir)
        probes = partition_probes(self.cell, self.generator, kind)
        await produce(self.bootstrap, probes.values(), self.live.names)
        start = time.monotonic()
        process = self.live.restart()
        await self.await_changes(probes)
        seconds = time.monotonic() - start
        return round(seconds, 2), round(tree_usage(process.process.pid).cpu, 2)

    async def await_changes(self, probes: Mapping[str, JobEvent]) -> None:
        """Waits for the changes of probes. Raises TimeoutError, and RuntimeError when the peer has ended."""
        end = time.monotonic() + LIMIT_SECONDS
        while not probes.keys() <= self.causes:
            self.live.process.sample(0)
            if time.monotonic() > end:
                raise TimeoutError(f"no change came within {LIMIT_SECONDS:.0f} s, see {self.live.process.log}")
            await asyncio.sleep(0.02)


async def measure_recovery(peer: str, cell: Cell, place: RunPlace) -> RecoveryResult:
    """Measures one peer. `cell` has probes."""
    result = RecoveryResult(peer, cell.plan.contacts)
    causes: set[str] = set()

    def observe(_topic: str, record: Any) -> None:
        causes.add(cause_id(msgspec.json.decode(record.value)))

    async with live_peer(peer, cell, place) as live, follow_topics(place.bootstrap, [live.changes], observe):
        session = _Session(cell, live, place.bootstrap, EventGenerator(cell.plan, now_ms), causes)
        # Changes that come after all contacts are loaded: then the state of all contacts is committed.
        probes = partition_probes(cell, session.generator, "before")
        await produce(place.bootstrap, probes.values(), live.names)
        await session.await_changes(probes)
        result.warm_seconds, result.warm_cpu = await session.recover("warm")
        result.cold_seconds, result.cold_cpu = await session.recover("cold")
        result.peak_anonymous_mb = session.peak_anonymous_mb()
        if live.settings is not None:
            result.limit_mb = pipeline_limit_mb(live.settings, place)
            result.restore = await measure_restore(live.settings, live.process.log)
    return result


def partition_probes(cell: Cell, generator: EventGenerator, kind: str) -> Mapping[str, JobEvent]:
    """Returns a probe of one contact in each partition, by id."""
    contacts: dict[int, int] = {}
    for contact in range(cell.plan.contacts):
        contacts.setdefault(partition_for_key(f"contact-{contact:07d}".encode(), PARTITIONS), contact)
        if len(contacts) == PARTITIONS:
            break
    ids = {contact: f"{kind}-{contact}" for contact in contacts.values()}
    return {identifier: generator.probe(contact, identifier) for contact, identifier in ids.items()}

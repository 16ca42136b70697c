"""One deployment, its worker in turns with contacts on disk and in memory: starts, events, memory, kills."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from statistics import median
from typing import Any

import msgspec

from benchmarks.contact_stores.seed import seed_changelog
from benchmarks.restore import last_take_over
from benchmarks.side_by_side.cells import Cell, RunPlace
from benchmarks.side_by_side.events import EventGenerator, EventPlan
from benchmarks.side_by_side.live_peers import cause_id, now_ms
from benchmarks.side_by_side.pipeline_run import (
    PipelineProgress,
    changes_topic,
    delete_deployment,
    input_topics,
    prepare_deployment,
    start_worker,
)
from benchmarks.side_by_side.processes import MeasuredProcess, tree_usage
from benchmarks.side_by_side.recovery import LIMIT_SECONDS, partition_probes
from benchmarks.side_by_side.topics import produce, produce_at_once
from streams.settings import ContactStorage, Settings
from tests.harness.kafka.topic_follower import follow_topics

SEGMENTS = 100
TEMPLATES = 2_000
"""So many contacts are loaded by their events; the rows of the others are copies of theirs."""

STORES: tuple[ContactStorage, ...] = ("disk", "memory")


@dataclass(frozen=True)
class Start:
    """A start of a worker: seconds and CPU seconds until it decides everywhere, rows and seconds of its take-over."""

    seconds: float
    cpu: float
    rows: int
    take_over: float

    def __str__(self) -> str:
        rate = self.rows / max(self.take_over, 0.001)
        return (
            f"decides after {self.seconds:.1f} s (CPU {self.cpu:.1f} s);"
            f" take-over of {self.rows:,} rows {self.take_over:.1f} s, {rate:,.0f} a second"
        )


@dataclass(frozen=True)
class StoreTurn:
    """What one turn of one store found. Times of events are us each; memory is that of the process tree, in MB."""

    store: ContactStorage
    cold: Start
    cpu_us: float
    wall_us: float
    memory_mb: int
    anonymous_mb: int
    warm: Start
    """The start after `kill -9`, with the local files."""

    def __str__(self) -> str:
        return (
            f"{self.store}: {self.cpu_us:.1f} us CPU an event, {self.wall_us:.1f} us wall;"
            f" peak {self.memory_mb} MB, {self.anonymous_mb} MB anonymous"
            f"\n  cold: {self.cold}\n  warm: {self.warm}"
        )


@dataclass
class ContactStoresResult:
    """All turns."""

    contacts: int
    events: int
    limit_mb: int
    """What the worker with contacts on disk might have with its page cache; 0 without a limit."""
    turns: list[StoreTurn] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether every first start restored every contact."""
        return bool(self.turns) and all(turn.cold.rows >= self.contacts for turn in self.turns)

    def speed_ratio(self) -> float:
        """Returns how many times the events of memory the disk decides in a CPU second."""
        cpu = {store: median(turn.cpu_us for turn in self.turns if turn.store == store) for store in STORES}
        return cpu["memory"] / cpu["disk"]

    def __str__(self) -> str:
        lines = [f"{self.contacts:,} contacts, {self.events:,} events, limit on disk {self.limit_mb or 'none'} MB"]
        return "\n".join(
            [*lines, *map(str, self.turns), f"events per CPU second, disk to memory: {self.speed_ratio():.2f}"]
        )


class StoreMeasurement:
    """The deployment and its worker."""

    def __init__(self, place: RunPlace, contacts: int, events: int) -> None:
        self._place = place
        self._events = events
        self._cell = Cell(EventPlan(contacts, events, "many", SEGMENTS, has_probes=True))
        self._generator = EventGenerator(self._cell.plan, now_ms)
        self._folder = place.folder / "contact-stores"
        self._causes: set[str] = set()
        self._probe_round = 0

    async def measure(self, rounds: int) -> ContactStoresResult:
        """Runs each store once in each round."""
        limit = self._place.disk_limit
        result = ContactStoresResult(self._cell.plan.contacts, self._events, limit.limit_mb if limit else 0)
        async with self._deployment() as settings:
            progress = PipelineProgress(settings)
            await self._load(settings, progress)
            async with follow_topics(self._place.bootstrap, [changes_topic(settings)], self._observe):
                for store in STORES * rounds:
                    result.turns.append(await self._measure_turn(settings, store, progress))
        return result

    @asynccontextmanager
    async def _deployment(self) -> AsyncIterator[Settings]:
        settings = await prepare_deployment("leadstream", self._cell, self._place, self._folder, "wall")
        try:
            yield settings
        finally:
            await delete_deployment(settings)

    def _observe(self, _topic: str, record: Any) -> None:
        self._causes.add(cause_id(msgspec.json.decode(record.value)))

    async def _load(self, settings: Settings, progress: PipelineProgress) -> None:
        first_events = islice(self._generator.first_events(), TEMPLATES)
        progress.ends += await produce(settings.bootstrap, first_events, input_topics(settings))
        process = start_worker(settings, self._place, self._folder)
        try:
            await progress.watch(process)
        finally:
            await asyncio.to_thread(process.stop)
        await seed_changelog(settings, TEMPLATES, self._cell.plan.contacts)

    async def _measure_turn(self, settings: Settings, store: ContactStorage, progress: PipelineProgress) -> StoreTurn:
        of_store = settings.model_copy(update={"contact_store": store})
        await asyncio.to_thread(shutil.rmtree, settings.data_dir / "contacts", ignore_errors=True)
        process, cold = await self._start(of_store, progress)
        try:
            progress.ends += await produce_at_once(
                settings.bootstrap,
                self._generator.later_events(),
                input_topics(settings),
                lambda: process.sample(0),
            )
            first = process.samples[-1]
            await progress.watch(process)
            last = process.samples[-1]
            memory, anonymous = tree_usage(process.process.pid).memory, process.peak_anonymous_mb
        finally:
            await asyncio.to_thread(process.kill)
        process, warm = await self._start(of_store, progress)
        await asyncio.to_thread(process.kill)
        return StoreTurn(
            store,
            cold,
            round((last.cpu - first.cpu) / self._events * 1e6, 1),
            round((last.seconds - first.seconds) / self._events * 1e6, 1),
            memory,
            max(anonymous, process.peak_anonymous_mb),
            warm,
        )

    async def _start(self, settings: Settings, progress: PipelineProgress) -> tuple[MeasuredProcess, Start]:
        """Starts a worker; events that wait in each partition tell when it decides there."""
        self._probe_round += 1
        probes = partition_probes(self._cell, self._generator, f"start-{self._probe_round}")
        progress.ends += await produce(settings.bootstrap, probes.values(), input_topics(settings))
        began = time.monotonic()
        process = start_worker(settings, self._place, self._folder)
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                while not probes.keys() <= self._causes:
                    process.sample(0)
                    await asyncio.sleep(0.05)
        except BaseException:
            await asyncio.to_thread(process.kill)
            raise
        take_over = await asyncio.to_thread(last_take_over, process.log)
        return process, Start(
            round(time.monotonic() - began, 2),
            round(tree_usage(process.process.pid).cpu, 2),
            take_over["rows"],
            take_over["ms"] / 1000,
        )


async def measure(place: RunPlace, contacts: int, events: int, rounds: int) -> ContactStoresResult:
    """Measures both stores."""
    return await StoreMeasurement(place, contacts, events).measure(rounds)

"""Runs this pipeline, the whole path: in-topics, journal, decisions, outputs and rows in transactions."""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import TopicPartition

from benchmarks.memory_limit import MemoryLimit
from benchmarks.side_by_side.cells import Cell, RunPlace
from benchmarks.side_by_side.events import EventGenerator
from benchmarks.side_by_side.processes import MeasuredProcess
from benchmarks.side_by_side.runs import PeerRun
from benchmarks.side_by_side.topics import (
    PARTITIONS,
    delete_topics,
    produce,
    produce_at_once,
    read_memberships,
    topics_with_prefix,
)
from schemas.topics import CONTACTS_CHANGELOG, JOURNAL, PIPELINE_IN, SEGMENT_CHANGES, Topic
from streams.engine.journal.records import MARKER_KEY
from streams.engine.releases.release_log import Release
from streams.kafka.partitions import Partition
from streams.kafka.reader import open_consumer, read_to_end
from streams.kafka.topic_admin import create_topics
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.checkpoint import decode as decode_checkpoint
from streams.runtime.process.supervisor import child_environment
from streams.settings import Clock, ContactStorage, Settings
from streams.store.releases import ReleaseRepository

PIPELINES: Mapping[str, ContactStorage] = {"leadstream": "memory", "leadstream-disk": "disk"}
"""Name among the peers -> where the worker has its contacts."""

WORKER = (sys.executable, "-c", "from streams.cli.main import run; run()", "worker", "--role", "pipeline")
PROJECT = Path(__file__).resolve().parents[2]
SAMPLE_SECONDS = 0.1
LIMIT_SECONDS = 3_600.0
TAIL = 8
"""So many offsets from the end of a changelog partition its last checkpoint is found; the last one is a marker."""


async def run_pipeline(peer: str, cell: Cell, place: RunPlace, round_number: int) -> PeerRun:
    """Runs a worker over the first events of all contacts, and then over the others, which come at once."""
    folder = place.folder / f"{cell.name}-{peer}-{round_number}"
    settings = await prepare_deployment(peer, cell, place, folder, "events")
    generator, names = EventGenerator(cell.plan), input_topics(settings)
    progress = PipelineProgress(settings)
    progress.ends += await produce(settings.bootstrap, generator.first_events(), names)
    run = PeerRun(peer, round_number, limit_mb=pipeline_limit_mb(settings, place))
    process = start_worker(settings, place, folder)
    try:
        # Validation is ahead of decisions: only an idle worker has spent nothing yet on the events to measure.
        await progress.watch(process)
        progress.ends += await produce_at_once(
            settings.bootstrap, generator.later_events(), names, lambda: progress.repeat_sample(process)
        )
        await progress.watch(process)
        run.fill_memory(process)
    finally:
        await asyncio.to_thread(process.stop)
    await progress.count_events(process)
    run.fill_times(process.samples, cell.plan.contacts, cell.total)
    run.members, run.change_count = await read_memberships(settings.bootstrap, changes_topic(settings))
    await delete_deployment(settings)
    return run


async def prepare_deployment(peer: str, cell: Cell, place: RunPlace, folder: Path, clock: Clock) -> Settings:
    """Makes folder and topics, and lets a worker run until the cell's definitions decide everywhere."""
    await asyncio.to_thread(folder.mkdir, parents=True)
    settings = Settings(
        bootstrap=place.bootstrap,
        prefix=f"b{uuid.uuid4().hex[:10]}-",
        clock=clock,
        partitions=PARTITIONS,
        in_partitions=PARTITIONS,
        data_dir=folder / "run",
        contact_store=PIPELINES[peer],
        name="w0",
    )
    await create_topics(settings)
    releases = ReleaseRepository(settings, settings.clock)
    release = await releases.write_release("default", cell.definitions(), 0, None)
    if not isinstance(release, Release):
        raise TypeError(f"the release of the job is void: {release}")
    process = start_worker(settings, place, folder)
    try:
        end = time.monotonic() + LIMIT_SECONDS
        while await count_markers(settings) < PARTITIONS:
            sample_worker(process)
            if time.monotonic() > end:
                raise TimeoutError(f"the release does not decide everywhere, see {process.log}")
            await asyncio.sleep(SAMPLE_SECONDS)
    finally:
        await asyncio.to_thread(process.stop)
    return settings


async def delete_deployment(settings: Settings) -> None:
    """Deletes all topics of a deployment."""
    await delete_topics(settings.bootstrap, await topics_with_prefix(settings.bootstrap, settings.prefix))


def input_topics(settings: Settings) -> Mapping[str, str]:
    """Returns in-topic -> its name with the deployment's prefix."""
    return {topic.name: settings.prefix + topic.name for topic in PIPELINE_IN}


def changes_topic(settings: Settings) -> str:
    """Returns the name of the topic of segment changes."""
    return settings.prefix + SEGMENT_CHANGES.name


def start_worker(settings: Settings, place: RunPlace, folder: Path) -> MeasuredProcess:
    """Starts `leadstream worker`: a parent and its child."""
    limit = _limit_of(settings, place)
    command = limit.wrap(WORKER) if limit else WORKER
    return MeasuredProcess.start(
        command, folder / "worker.log", place.broker_pid, PROJECT, child_environment(settings)
    )


def pipeline_limit_mb(settings: Settings, place: RunPlace) -> int:
    """Returns what a worker and its page cache may have together (MB); 0 without a limit."""
    limit = _limit_of(settings, place)
    return limit.limit_mb if limit else 0


def _limit_of(settings: Settings, place: RunPlace) -> MemoryLimit | None:
    return place.disk_limit if settings.contact_store == "disk" else None


def sample_worker(process: MeasuredProcess) -> None:
    """Adds a sample. Raises RuntimeError when the child has died, although its parent starts it again."""
    process.sample(0)
    for line in process.log.read_bytes().splitlines():
        if b'"event": "ended"' in line:
            raise RuntimeError(f"the worker has died: {msgspec.json.decode(line).get('cause')}; see {process.log}")


async def count_markers(settings: Settings) -> int:
    """Returns in how many journal partitions the only release decides."""
    count = 0
    async with open_consumer(settings.bootstrap, "benchmark") as consumer:
        async for record in read_to_end(consumer, _partitions(settings, JOURNAL)):
            count += record.key == MARKER_KEY
    return count


def _partitions(settings: Settings, topic: Topic) -> list[TopicPartition]:
    return [TopicPartition(settings.prefix + topic.name, number) for number in range(settings.partitions)]


@dataclass
class PipelineProgress:
    """Tells from the checkpoints of a worker's slots how far it is; `ends` holds the records of each in-topic."""

    settings: Settings
    ends: Counter[Partition] = field(default_factory=Counter)
    feeds: list[Mapping[str, int]] = field(default_factory=list)
    """For each sample: the positions of all slots together, by `topic:partition`."""

    async def watch(self, process: MeasuredProcess) -> None:
        """Samples the worker until all events are decided and committed; `count_events` fills in the progress."""
        await self.wait(lambda: sample_worker(process))

    async def wait(self, sample: Callable[[], None]) -> None:
        """Waits until all events are decided and committed; calls `sample` each time it has looked."""
        end = time.monotonic() + LIMIT_SECONDS
        async with open_consumer(self.settings.bootstrap, "benchmark") as consumer:
            changelog, journal = _partitions(self.settings, CONTACTS_CHANGELOG), _partitions(self.settings, JOURNAL)
            consumer.assign([*changelog, *journal])
            while True:
                feeds = await self._read_feeds(consumer, changelog)
                sample()
                self.feeds.append(feeds)
                if self._is_ingested(feeds) and await self._is_decided(consumer, journal, feeds):
                    return
                if time.monotonic() > end:
                    raise TimeoutError(f"not all events are decided within {LIMIT_SECONDS:.0f} s")
                await asyncio.sleep(SAMPLE_SECONDS)

    def repeat_sample(self, process: MeasuredProcess) -> None:
        """Adds a sample of a worker that is where it was before."""
        process.sample(0)
        self.feeds.append(self.feeds[-1])

    async def count_events(self, process: MeasuredProcess) -> None:
        """Reads the journal and replaces the samples' progress by the number of events decided."""
        offsets: dict[int, list[int]] = {number: [] for number in range(self.settings.partitions)}
        async with open_consumer(self.settings.bootstrap, "benchmark") as consumer:
            async for record in read_to_end(consumer, _partitions(self.settings, JOURNAL)):
                if record.key is not None and b"/" in record.key:
                    offsets[record.partition].append(record.offset)
        for index, feeds in enumerate(self.feeds):
            counts = (
                bisect_left(decided, feeds.get(f"{JOURNAL.name}:{number}", 0)) for number, decided in offsets.items()
            )
            process.samples[index] = process.samples[index]._replace(progress=sum(counts))

    async def _read_feeds(self, consumer: Any, changelog: list[TopicPartition]) -> Mapping[str, int]:
        feeds: dict[str, int] = {}
        for record in await _read_tails(consumer, changelog):
            if record.key == CHECKPOINT_KEY:
                checkpoint: SlotCheckpoint = decode_checkpoint(record.value)
                feeds.update(checkpoint.feeds)
        return feeds

    def _is_ingested(self, feeds: Mapping[str, int]) -> bool:
        prefix = self.settings.prefix
        return all(
            feeds.get(f"{partition.topic.removeprefix(prefix)}:{partition.number}", 0) >= end
            for partition, end in self.ends.items()
        )

    async def _is_decided(self, consumer: Any, journal: list[TopicPartition], feeds: Mapping[str, int]) -> bool:
        last_offsets = {record.partition: record.offset for record in await _read_tails(consumer, journal)}
        return all(feeds.get(f"{JOURNAL.name}:{number}", 0) > offset for number, offset in last_offsets.items())


async def _read_tails(consumer: Any, partitions: list[TopicPartition]) -> list[Any]:
    """Returns the last committed records of each partition, in order."""
    ends = await consumer.end_offsets(partitions)
    for partition, end in ends.items():
        consumer.seek(partition, max(0, end - TAIL))
    pending = {partition for partition, end in ends.items() if end}
    records: list[Any] = []
    while pending:
        for batch in (await consumer.getmany(*pending, timeout_ms=200)).values():
            records.extend(batch)
        pending = {partition for partition in pending if await consumer.position(partition) < ends[partition]}
    return records

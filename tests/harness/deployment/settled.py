"""Waits until a pipeline has journaled every published record and tick, and decided everything in the journal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import CLOCK
from schemas.values import instant_ms
from streams.engine.journal import records
from streams.engine.partition.checkpoint import Checkpoint
from streams.kafka.clients import fetch_partitions
from streams.runtime import checkpoint as checkpoint_records
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.spec import AppSpec
from streams.settings import Settings

POLL_SECONDS = 0.1


async def wait_until_settled(spec: AppSpec, settings: Settings, seconds: float) -> None:
    """Returns when nothing is left to do. Raises AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    async with (
        _open_consumer(settings, "read_committed") as committed,
        _open_consumer(settings, "read_uncommitted") as uncommitted,
    ):
        progress = _SlotProgress(committed, uncommitted, spec, settings)
        await progress.open()
        while not await progress.is_settled():
            assert time.monotonic() < end, "the pipeline did not settle"
            await asyncio.sleep(POLL_SECONDS)


@asynccontextmanager
async def _open_consumer(settings: Settings, isolation_level: str) -> AsyncIterator[Any]:
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap,
        isolation_level=isolation_level,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8 << 20,
        fetch_max_wait_ms=20,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


class _SlotProgress:
    """Reads changelog and journal once, and from then on only what was added.

    A transaction becomes visible in one partition after the other: its checkpoint may show before its journal records
    and its outputs do. So an end counts only when no transaction before it is open.
    """

    def __init__(self, committed: Any, uncommitted: Any, spec: AppSpec, settings: Settings) -> None:
        self._consumer = committed
        self._uncommitted = uncommitted
        self._spec = spec
        self._settings = settings
        self._changelog: list[TopicPartition] = []
        self._journal: list[TopicPartition] = []
        self._source_partitions: list[TopicPartition] = []
        self._output_partitions: list[TopicPartition] = []
        self._clock: list[TopicPartition] = []
        self._advances: dict[str, int] = {}
        self._checkpoints = {slot: SlotCheckpoint() for slot in range(settings.partitions)}
        self._journal_offsets = dict.fromkeys(range(settings.partitions), -1)
        self._ticks: dict[int, dict[str, int]] = {slot: {} for slot in range(settings.partitions)}

    async def open(self) -> None:
        """Starts at the beginning of both topics."""
        changelog, journal = self._spec.changelog_topic(self._settings), self._spec.journal_topic(self._settings)
        sources = self._spec.source_topics(self._settings)
        clock = self._settings.prefix + CLOCK.name
        outputs = [self._settings.prefix + topic.name for topic in self._spec.outputs]
        partitions = await fetch_partitions(self._settings.bootstrap, [changelog, journal, clock, *sources, *outputs])
        if self._settings.clock == "events":
            self._clock = partitions[clock]
        self._changelog, self._journal = partitions[changelog], partitions[journal]
        self._source_partitions = [one for topic in sources for one in partitions[topic]]
        self._output_partitions = [one for topic in outputs for one in partitions[topic]]
        self._consumer.assign([*self._changelog, *self._journal, *self._clock])
        await self._consumer.seek_to_beginning()

    async def is_settled(self) -> bool:
        """Returns whether nothing is left of what is in the topics now."""
        ends = await self._visible_ends([*self._changelog, *self._source_partitions, *self._clock])
        if ends is None:
            return False
        await self._read_to(ends, [*self._changelog, *self._clock])
        if not self._is_ingested(ends):
            return False
        # The journal's ends after the checkpoints: what these have ingested is among its records.
        journal_ends = await self._visible_ends(self._journal)
        if journal_ends is None:
            return False
        await self._read_to(journal_ends, self._journal)
        if not all(map(self._has_ticks, self._checkpoints)) or not all(map(self._is_decided, self._checkpoints)):
            return False
        return await self._visible_ends(self._output_partitions) is not None

    async def _visible_ends(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int] | None:
        """Where the partitions end; None while a transaction before one of the ends is open."""
        log_ends = await self._uncommitted.end_offsets(partitions)
        stable_ends: dict[TopicPartition, int] = await self._consumer.end_offsets(partitions)
        return stable_ends if all(stable_ends[one] >= log_ends[one] for one in partitions) else None

    async def _read_to(self, ends: dict[TopicPartition, int], partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            while await self._consumer.position(partition) < ends[partition]:
                for source, batch in (await self._consumer.getmany(timeout_ms=200)).items():
                    self._note(source, batch)

    def _note(self, source: TopicPartition, batch: list[Any]) -> None:
        if source.topic == self._spec.journal_topic(self._settings):
            self._journal_offsets[source.partition] = batch[-1].offset
            self._note_ticks(source.partition, batch)
            return
        if source in self._clock:
            self._note_advances(batch)
            return
        for record in batch:
            if record.key == CHECKPOINT_KEY:
                self._checkpoints[source.partition] = checkpoint_records.decode(record.value)

    def _note_advances(self, batch: list[Any]) -> None:
        for record in batch:
            advance = msgspec.json.decode(record.value)
            account, at = advance["account"], instant_ms(advance["at"])
            self._advances[account] = max(at, self._advances.get(account, at))

    def _note_ticks(self, slot: int, batch: list[Any]) -> None:
        for record in batch:
            if record.value is not None and isinstance(tick := records.decode(record.value), records.Tick):
                self._ticks[slot][tick.account] = max(tick.at, self._ticks[slot].get(tick.account, tick.at))

    def _has_ticks(self, slot: int) -> bool:
        ticks = self._ticks[slot]
        return all(account in ticks and ticks[account] >= at for account, at in self._advances.items())

    def _is_ingested(self, ends: dict[TopicPartition, int]) -> bool:
        reached = {name: offset for one in self._checkpoints.values() for name, offset in one.feeds.items()}
        prefix = self._settings.prefix
        return all(
            reached.get(f"{one.topic.removeprefix(prefix)}:{one.partition}", 0) >= ends[one]
            for one in self._source_partitions
        )

    def _is_decided(self, slot: int) -> bool:
        checkpoint = self._checkpoints[slot]
        if checkpoint.feeds.get(f"{self._spec.journal.name}:{slot}", 0) <= self._journal_offsets[slot]:
            return False
        if checkpoint.checkpoint is None:
            return True
        return msgspec.json.decode(checkpoint.checkpoint, type=Checkpoint).unfinished is None

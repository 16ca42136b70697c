"""Waits until a pipeline has journaled every published record and decided everything in the journal."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.engine.partition.decider import Checkpoint
from streams.kafka.clients import fetch_partitions
from streams.runtime import checkpoint as checkpoint_records
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.spec import AppSpec
from streams.settings import Settings

POLL_SECONDS = 0.1


async def wait_until_settled(spec: AppSpec, settings: Settings, seconds: float) -> None:
    """Returns when nothing is left to do. Raises AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=settings.bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8 << 20,
        fetch_max_wait_ms=20,
    )
    await consumer.start()
    try:
        progress = _SlotProgress(consumer, spec, settings)
        await progress.open()
        while not await progress.is_settled():
            assert time.monotonic() < end, "the pipeline did not settle"
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await consumer.stop()


class _SlotProgress:
    """Reads changelog and journal once, and from then on only what was added."""

    def __init__(self, consumer: Any, spec: AppSpec, settings: Settings) -> None:
        self._consumer = consumer
        self._spec = spec
        self._settings = settings
        self._changelog: list[TopicPartition] = []
        self._journal: list[TopicPartition] = []
        self._source_partitions: list[TopicPartition] = []
        self._checkpoints = {slot: SlotCheckpoint() for slot in range(settings.partitions)}
        self._journal_offsets = dict.fromkeys(range(settings.partitions), -1)

    async def open(self) -> None:
        """Starts at the beginning of both topics."""
        changelog, journal = self._spec.changelog_topic(self._settings), self._spec.journal_topic(self._settings)
        sources = self._spec.source_topics(self._settings)
        partitions = await fetch_partitions(self._settings.bootstrap, [changelog, journal, *sources])
        self._changelog, self._journal = partitions[changelog], partitions[journal]
        self._source_partitions = [one for topic in sources for one in partitions[topic]]
        self._consumer.assign([*self._changelog, *self._journal])
        await self._consumer.seek_to_beginning()

    async def is_settled(self) -> bool:
        """Returns whether nothing is left of what is in the topics now."""
        ends = await self._consumer.end_offsets([*self._changelog, *self._source_partitions])
        await self._read_to(ends, self._changelog)
        if not self._is_ingested(ends):
            return False
        # The journal's ends after the checkpoints: what these have ingested is among its records.
        await self._read_to(await self._consumer.end_offsets(self._journal), self._journal)
        return all(map(self._is_decided, self._checkpoints))

    async def _read_to(self, ends: dict[TopicPartition, int], partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            while await self._consumer.position(partition) < ends[partition]:
                for source, batch in (await self._consumer.getmany(timeout_ms=200)).items():
                    self._note(source, batch)

    def _note(self, source: TopicPartition, batch: list[Any]) -> None:
        if source.topic == self._spec.journal_topic(self._settings):
            self._journal_offsets[source.partition] = batch[-1].offset
            return
        for record in batch:
            if record.key == CHECKPOINT_KEY:
                self._checkpoints[source.partition] = checkpoint_records.decode(record.value)

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

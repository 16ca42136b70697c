"""Counts pasts in a process of its own, next to a worker, for one request after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from operator import attrgetter

from aiokafka import TopicPartition

from schemas.topics import DEFINITIONS
from streams.engine.decisions.backfill_leaves import new_leaves
from streams.engine.partition.backfill import BackfillCounter
from streams.engine.releases.cache import ReleaseCompiler
from streams.engine.releases.release_log import ReleaseLog
from streams.kafka.dead_letters import read_refused_sources
from streams.kafka.protocols import Consumer
from streams.kafka.reader import open_consumer, read_batches_to_end, read_to_end
from streams.runtime.backfill.counting_messages import (
    CountAnswer,
    CountEnd,
    CountProgress,
    CountRequest,
    SliceMessage,
)
from streams.runtime.faust.plain_records import return_plain_records
from streams.settings import Settings

COUNT_BYTES = 192 << 20
"""About how much memory (bytes) the past of contacts takes while it is counted, beside some 100 MB of the process."""

PROGRESS_SECONDS = 5.0
"""How often the progress is reported."""

_CLIENT = "leadstream-past"

_entry_of = attrgetter("offset", "key", "value")


class PastCounter:
    """Answers requests through `send`; knows the releases of every account from the topic `definitions`."""

    def __init__(self, settings: Settings, send: Callable[[CountAnswer], None]) -> None:
        self._settings = settings
        self._send = send
        self._releases = ReleaseLog(settings.clock)
        self._compiler = ReleaseCompiler(self._releases.definitions)
        self._next_definition = 0

    async def answer(self, request: CountRequest) -> None:
        """Counts, and sends slices and the end. Raises BrokerUnavailable, KafkaError."""
        async with open_consumer(self._settings.bootstrap, _CLIENT) as consumer:
            return_plain_records(consumer)
            await self._read_definitions(consumer)
            counter = self._new_counter(request)
            is_truncated = await self._count(consumer, counter, request)
        for part in counter.slices():
            self._send(SliceMessage(part.value, part.last_contact))
        continue_after = counter.continue_after()
        # Of a later pass everything comes after the journal's beginning: the last one tells.
        is_missing = is_truncated and continue_after is None
        self._send(CountEnd(continue_after, counter.missing_before() if is_missing else None))

    async def _read_definitions(self, consumer: Consumer) -> None:
        """The worker has read the proposed release, so it is there now."""
        definitions = TopicPartition(self._settings.prefix + DEFINITIONS.name, 0)
        starts = {definitions: self._next_definition}
        async for record in read_to_end(consumer, [definitions], starts=starts):
            self._releases.add(record.offset, record.timestamp, record.key, record.value)
            self._next_definition = record.offset + 1

    def _new_counter(self, request: CountRequest) -> BackfillCounter:
        compile_release, account = self._compiler.compile, request.account
        leaves = new_leaves(compile_release(account, request.active), compile_release(account, request.number))
        return BackfillCounter(
            account,
            leaves,
            self._releases.definitions,
            self._settings.engine,
            after=request.after,
            limit=COUNT_BYTES,
        )

    async def _count(self, consumer: Consumer, counter: BackfillCounter, request: CountRequest) -> bool:
        """Returns whether retention has removed the journal's beginning."""
        refused_sources = await read_refused_sources(
            consumer, TopicPartition(*request.dead_letters), request.letters_until
        )
        journal = TopicPartition(*request.journal)
        last_report = time.monotonic()
        async for batch in read_batches_to_end(consumer, [journal], ends={journal: request.until}):
            counter.count(map(_entry_of, batch), refused_sources)
            if time.monotonic() - last_report > PROGRESS_SECONDS:
                last_report = time.monotonic()
                self._send(CountProgress(batch[-1].offset + 1))
        return bool((await consumer.beginning_offsets([journal]))[journal])

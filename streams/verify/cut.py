"""Finds a consistent cut of one slot: a checkpoint, and the ends of its tables that go with it.

One transaction commits the rows of the tables, the contacts' rows and the slot's checkpoint, but three partitions
cannot be read at one instant. So the checkpoint is read first. The tables are then read up to an offset before which
no transaction is open. Contacts that were decided after the checkpoint may show in the tables and are skipped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from aiokafka import TopicPartition

from schemas.topics import JOURNAL
from streams.engine.partition.checkpoint import Checkpoint
from streams.errors import Unavailable
from streams.kafka.protocols import Consumer
from streams.kafka.reader import Offsets, fetch_end_offsets, read_to_end, require_key, require_value
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.checkpoint import decode as decode_checkpoint

MAX_WAIT_SECONDS = 60.0
"""Maximum seconds to wait for an open transaction, or for a release or tick that is being decided."""

_POLL_SECONDS = 0.1
_LOOKBACK_RECORDS = 2_000
"""Records at the end of a changelog that are searched for a checkpoint first."""


IsUnfinished = Callable[[SlotCheckpoint], Awaitable[bool]]


@dataclass(frozen=True)
class ConsistentCut:
    """All journal records before `decided_offset` are decided. The tables are read up to `end_offsets`."""

    decided_offset: int
    end_offsets: Offsets
    changed_contacts: frozenset[bytes]
    """Keys of contacts that were decided again after the checkpoint."""


class CutFinder:
    """Finds the cut of the slot whose `changelog` and `tables` are given.

    `committed_consumer` reads committed records only, `uncommitted_consumer` all records. `feed` is the journal and
    partition as a checkpoint names them, `is_unfinished` whether a tick or release is partly decided; by default they
    are those of the pipeline.
    """

    def __init__(
        self,
        committed_consumer: Consumer,
        uncommitted_consumer: Consumer,
        changelog: TopicPartition,
        tables: list[TopicPartition],
        *,
        feed: str | None = None,
        is_unfinished: IsUnfinished | None = None,
    ) -> None:
        self._committed_consumer = committed_consumer
        self._uncommitted_consumer = uncommitted_consumer
        self._changelog = changelog
        self._tables = tables
        self._feed = feed or f"{JOURNAL.name}:{changelog.partition}"
        self._is_unfinished = is_unfinished or _has_pending_broadcast

    async def find(self, attempts: int = 5) -> ConsistentCut:
        """Returns a cut without changed contacts, or after `attempts` the last one with some.

        Raises Unavailable when a transaction or a broadcast stays open.
        """
        cut = await self._find_once()
        while cut.changed_contacts and attempts > 1:
            attempts -= 1
            cut = await self._find_once()
        return cut

    async def _find_once(self) -> ConsistentCut:
        offset, checkpoint = await self._complete_checkpoint()
        ends = await self._stable_end_offsets(self._tables)
        later = await self._stable_end_offsets([self._changelog])
        changed_contacts = set()
        if offset is not None:
            async for record in read_to_end(
                self._committed_consumer, [self._changelog], ends=later, starts={self._changelog: offset + 1}
            ):
                if record.key != CHECKPOINT_KEY:
                    changed_contacts.add(require_key(record))
        decided_offset = checkpoint.feeds.get(self._feed, 0)
        return ConsistentCut(decided_offset, ends, frozenset(changed_contacts))

    async def _complete_checkpoint(self) -> tuple[int | None, SlotCheckpoint]:
        """Returns the last checkpoint with its offset, once no tick or release is partly decided."""
        checkpoint: tuple[int | None, SlotCheckpoint] = (None, SlotCheckpoint())

        async def is_finished() -> bool:
            nonlocal checkpoint
            checkpoint = await self._last_checkpoint()
            return not await self._is_unfinished(checkpoint[1])

        await _wait_until(is_finished, f"{self._changelog.topic}-{self._changelog.partition} is behind with a tick")
        return checkpoint

    async def _last_checkpoint(self) -> tuple[int | None, SlotCheckpoint]:
        ends = await fetch_end_offsets(self._committed_consumer, [self._changelog])
        end = ends[self._changelog]
        for start in (max(end - _LOOKBACK_RECORDS, 0), 0):
            checkpoint: tuple[int | None, SlotCheckpoint] = (None, SlotCheckpoint())
            async for record in read_to_end(
                self._committed_consumer, [self._changelog], ends=ends, starts={self._changelog: start}
            ):
                if record.key == CHECKPOINT_KEY:
                    checkpoint = (record.offset, decode_checkpoint(require_value(record)))
            if checkpoint[0] is not None:
                return checkpoint
        return None, SlotCheckpoint()

    async def _stable_end_offsets(self, partitions: list[TopicPartition]) -> Offsets:
        """Returns the present ends, once no transaction before them is open."""
        ends = await fetch_end_offsets(self._uncommitted_consumer, partitions)

        async def is_settled() -> bool:
            stable = await fetch_end_offsets(self._committed_consumer, partitions)
            return all(stable[partition] >= ends[partition] for partition in partitions)

        await _wait_until(is_settled, f"a transaction stays open in {partitions[0].topic}-{partitions[0].partition}")
        return ends


async def _has_pending_broadcast(slot_checkpoint: SlotCheckpoint) -> bool:
    if not slot_checkpoint.checkpoint:
        return False
    return msgspec.json.decode(slot_checkpoint.checkpoint, type=Checkpoint).unfinished is not None


async def _wait_until(condition: Callable[[], Awaitable[bool]], message: str) -> None:
    end = time.monotonic() + MAX_WAIT_SECONDS
    while not await condition():
        if time.monotonic() > end:
            raise Unavailable(f"{message}; try again when the workers are at rest")
        await asyncio.sleep(_POLL_SECONDS)

"""Where one slot stood when the verification began, and how far its tables reach for that.

Rows of the tables, the contacts' rows and the slot's position are committed together, but three partitions are not
read at one instant. So the position is read first, the tables up to where nothing from before it can be open, and
whoever was decided after the position and may show in the tables already is named and passed over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from aiokafka import TopicPartition

from schemas.topics import JOURNAL
from streams.engine.partition.decider import Checkpoint
from streams.errors import Unavailable
from streams.kafka.protocols import Consumer
from streams.kafka.reader import Offsets, fetch_end_offsets, read_to_end, require_key, require_value
from streams.runtime.checkpoint import CHECKPOINT_KEY, SlotCheckpoint
from streams.runtime.checkpoint import decode as decode_positions

MAX_WAIT_SECONDS = 60.0
"""Seconds that a transaction, or a release or tick that is being worked off, is waited for."""

_POLL_SECONDS = 0.1
_LOOKBACK_RECORDS = 2_000
"""Records before the end of a changelog among which a position is looked for first."""


@dataclass(frozen=True)
class ConsistentCut:
    """`decided_offset`: the journal offset up to which, not included, everything is decided. `end_offsets` bounds
    the tables.
    """

    decided_offset: int
    end_offsets: Offsets
    changed_contacts: frozenset[bytes]
    """Contacts that were decided again meanwhile."""


class CutFinder:
    """`committed_consumer` reads committed records, `uncommitted_consumer` also what is not; `changelog` and
    `tables` are one slot's.
    """

    def __init__(
        self,
        committed_consumer: Consumer,
        uncommitted_consumer: Consumer,
        changelog: TopicPartition,
        tables: list[TopicPartition],
    ) -> None:
        self._committed_consumer = committed_consumer
        self._uncommitted_consumer = uncommitted_consumer
        self._changelog = changelog
        self._tables = tables

    async def find(self, attempts: int = 5) -> ConsistentCut:
        """Returns a cut, if possible within `attempts` one without changed contacts. Raises Unavailable."""
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
        decided_offset = checkpoint.feeds.get(f"{JOURNAL.name}:{self._changelog.partition}", 0)
        return ConsistentCut(decided_offset, ends, frozenset(changed_contacts))

    async def _complete_checkpoint(self) -> tuple[int | None, SlotCheckpoint]:
        """The last position at which no tick and no release is half done."""
        checkpoint: tuple[int | None, SlotCheckpoint] = (None, SlotCheckpoint())

        async def is_finished() -> bool:
            nonlocal checkpoint
            checkpoint = await self._last_checkpoint()
            return not _has_pending_broadcast(checkpoint[1])

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
                    checkpoint = (record.offset, decode_positions(require_value(record)))
            if checkpoint[0] is not None:
                return checkpoint
        return None, SlotCheckpoint()

    async def _stable_end_offsets(self, partitions: list[TopicPartition]) -> Offsets:
        """Where the partitions end now, once every transaction before that is over."""
        ends = await fetch_end_offsets(self._uncommitted_consumer, partitions)

        async def is_settled() -> bool:
            stable = await fetch_end_offsets(self._committed_consumer, partitions)
            return all(stable[partition] >= ends[partition] for partition in partitions)

        await _wait_until(is_settled, f"a transaction stays open in {partitions[0].topic}-{partitions[0].partition}")
        return ends


def _has_pending_broadcast(slot_checkpoint: SlotCheckpoint) -> bool:
    if not slot_checkpoint.checkpoint:
        return False
    return msgspec.json.decode(slot_checkpoint.checkpoint, type=Checkpoint).unfinished is not None


async def _wait_until(condition: Callable[[], Awaitable[bool]], message: str) -> None:
    end = time.monotonic() + MAX_WAIT_SECONDS
    while not await condition():
        if time.monotonic() > end:
            raise Unavailable(f"{message}; try again when the workers are at rest")
        await asyncio.sleep(_POLL_SECONDS)

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
from typing import Any

import msgspec
from aiokafka import TopicPartition

from schemas.topics import JOURNAL
from streams.engine.partition.decider import Checkpoint
from streams.errors import Unavailable
from streams.kafka.reader import Ends, ends_of, records_of
from streams.runtime.checkpoint import POSITION_KEY, Positions
from streams.runtime.checkpoint import decode as decode_positions

PATIENCE = 60.0
"""Seconds that a transaction, or a release or tick that is being worked off, is waited for."""

_PAUSE = 0.1
_STEP_BACK = 2_000
"""Records before the end of a changelog among which a position is looked for first."""


@dataclass(frozen=True)
class Cut:
    """`decided`: the journal offset up to which, not included, everything is decided. `ends` bounds the tables."""

    decided: int
    ends: Ends
    moving: frozenset[bytes]
    """Contacts that were decided again meanwhile."""


class Cutter:
    """`committed` reads committed records, `all_` also what is not; `changelog` and `tables` are one slot's."""

    def __init__(self, committed: Any, all_: Any, changelog: TopicPartition, tables: list[TopicPartition]) -> None:
        self._committed = committed
        self._all = all_
        self._changelog = changelog
        self._tables = tables

    async def cut(self, tries: int = 5) -> Cut:
        """One at which nobody moves if that is to be had in a few tries. Raises Unavailable."""
        found = await self._cut()
        while found.moving and tries > 1:
            tries -= 1
            found = await self._cut()
        return found

    async def _cut(self) -> Cut:
        place, positions = await self._finished()
        ends = await self._settled(self._tables)
        later = await self._settled([self._changelog])
        moving = set()
        if place is not None:
            async for record in records_of(self._committed, self._changelog, later, start=place + 1):
                if record.key != POSITION_KEY:
                    moving.add(record.key)
        decided = positions.feeds.get(f"{JOURNAL.name}:{self._changelog.partition}", 0)
        return Cut(decided, ends, frozenset(moving))

    async def _finished(self) -> tuple[int | None, Positions]:
        """The last position at which no tick and no release is half done."""
        found: tuple[int | None, Positions] = (None, Positions())

        async def is_finished() -> bool:
            nonlocal found
            found = await self._last_position()
            return not _is_half_done(found[1])

        await _until(is_finished, f"{self._changelog.topic}-{self._changelog.partition} is behind with a tick")
        return found

    async def _last_position(self) -> tuple[int | None, Positions]:
        ends = await ends_of(self._committed, [self._changelog])
        end = ends[self._changelog]
        for start in (max(end - _STEP_BACK, 0), 0):
            found: tuple[int | None, Positions] = (None, Positions())
            async for record in records_of(self._committed, self._changelog, ends, start=start):
                if record.key == POSITION_KEY:
                    found = (record.offset, decode_positions(record.value))
            if found[0] is not None:
                return found
        return None, Positions()

    async def _settled(self, places: list[TopicPartition]) -> Ends:
        """Where the partitions end now, once every transaction before that is over."""
        wanted = await ends_of(self._all, places)

        async def is_settled() -> bool:
            stable = await ends_of(self._committed, places)
            return all(stable[place] >= wanted[place] for place in places)

        await _until(is_settled, f"a transaction stays open in {places[0].topic}-{places[0].partition}")
        return wanted


def _is_half_done(positions: Positions) -> bool:
    if not positions.checkpoint:
        return False
    return msgspec.json.decode(positions.checkpoint, type=Checkpoint).unfinished is not None


async def _until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not await condition():
        if time.monotonic() > end:
            raise Unavailable(f"{what}; try again when the workers are at rest")
        await asyncio.sleep(_PAUSE)

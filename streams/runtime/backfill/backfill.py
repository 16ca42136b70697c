"""How a slot brings a release into force that asks of the past: counted beside the traffic, told in slices.

    1  the slot appends the release's proposal; when that is decided, the decider says so (`proposed`)
    2  a second consumer reads the slot's own journal from its beginning up to the proposal, while the slot goes on
    3  what was counted is appended in slices, whatever else is going on: each concerns its contacts alone; the last
       contact told stands in the slot's positions
    4  where there are more contacts than have room, 2 and 3 again for those who come after by their ids
    5  when everybody is told, the release's marker is appended: from there on it decides

A new owner counts for those who come after the last contact told. A newer release gives up the one on its way.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import structlog
from aiokafka import TopicPartition

from schemas.topics import DEAD_LETTERS
from schemas.values import instant_text
from streams.engine.journal.records import Slice
from streams.engine.partition.backfill import History
from streams.engine.partition.broadcast import Proposed
from streams.kafka.dead_letters import refused_sources
from streams.runtime.backfill.throttle import Pace
from streams.runtime.checkpoint import Positions
from streams.runtime.fatal import end
from streams.runtime.output_partitions import Places
from streams.runtime.protocols import Decider

log = structlog.get_logger()

FETCHED = 500
"""Records of one fetch."""

TOLD_SECONDS = 5.0
"""How often a log line says how far it is."""

ROOM = 50_000
"""The most contacts whose past a worker keeps in memory while it counts."""

Reader = Callable[[str], AbstractAsyncContextManager[Any]]
"""A consumer outside every group, by isolation level."""


class Introduction:
    """One slot's: at most one release at a time; others wait their turn."""

    def __init__(
        self, decider: Decider, places: Places, reader: Reader, pace: Pace, wake: Callable[[], None]
    ) -> None:
        self._decider = decider
        self._journal = TopicPartition(*places.own_journal())
        self._letters = TopicPartition(*places.output(DEAD_LETTERS.name))
        self._reader = reader
        self._pace = pace
        self._wake = wake
        self._account = ""
        self._proposed: Proposed | None = None
        self._task: asyncio.Task[None] | None = None
        self._slices: Iterator[Slice] | None = None
        self._all_told = False
        self._slices_told = asyncio.Event()

    def begin(self, positions: Positions) -> None:
        """Begins what is proposed, all that was decided being committed: what was refused is among it."""
        self.give_up_superseded()
        if self._proposed is not None:
            return
        proposed = self._decider.proposed()
        to_count = [each for each in proposed.items() if self._decider.has_contacts(each[0])]
        if to_count:
            self._account, self._proposed = min(to_count, key=lambda each: each[1].offset)
            told = positions.introduced.get(self._account, (0, ""))
            after = told[1] if told[0] == self._proposed.number else ""
            self._task = asyncio.create_task(self._run(self._account, self._proposed, after), name="introduction")

    def give_up_superseded(self) -> None:
        """After records were decided: a newer release may have taken the place of the one on its way."""
        if self._proposed is not None and self._decider.proposed().get(self._account) != self._proposed:
            self._give_up()

    def next_slice(self, positions: Positions) -> tuple[Slice, Positions] | None:
        """The next slice, and the positions after it; None where there is none, or none yet."""
        if self._slices is None or self._proposed is None:
            return None
        if positions.introduced.get(self._account, (0, ""))[0] != self._proposed.number:
            return None  # a newer one is appended and not decided yet
        part = next(self._slices, None)
        if part is None:
            self._slices = None
            self._slices_told.set()
            return None
        introduced = {**positions.introduced, self._account: (self._proposed.number, next(reversed(part.contacts)))}
        return part, msgspec.structs.replace(positions, introduced=introduced)

    def finished(self) -> tuple[str, int] | None:
        """Account and number of the release of which all is told."""
        if not self._all_told or self._proposed is None:
            return None
        return self._account, self._proposed.number

    async def close(self) -> None:
        """The slot goes away, or the worker stops."""
        task = self._task
        self._give_up()
        if task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _give_up(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = self._proposed = self._slices = None
        self._all_told = False

    async def _run(self, account: str, proposed: Proposed, after: str) -> None:
        about = log.bind(account=account, release=proposed.number, partition=self._journal.partition)
        try:
            async with self._pace.one_at_a_time:
                await self._introduce(account, proposed, after, about)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # whatever it is, the next start reads on
            end(f"the past of release {proposed.number} of account {account} cannot be counted", error)

    async def _introduce(self, account: str, proposed: Proposed, after: str, about: Any) -> None:
        left_out_after: str | None = after
        while left_out_after is not None:
            began = time.monotonic()
            about.info("counting the past", records=proposed.offset, after=left_out_after)
            history = self._decider.history(account, left_out_after, ROOM)
            is_cut = await self._count(history, proposed.offset, about)
            if self._proposed is not proposed:
                return  # given up; a consumer that is being stopped swallows the cancellation
            about.info("counted the past", records=proposed.offset, ms=round(1000 * (time.monotonic() - began)))
            left_out_after = history.left_out_after()
            if is_cut and left_out_after is None:
                _warn_of_what_is_gone(history, about)
            await self._tell(history.slices())
        self._all_told = True
        self._wake()

    async def _tell(self, slices: Iterator[Slice]) -> None:
        """Until the slot has appended all of them."""
        self._slices_told.clear()
        self._slices = slices
        self._wake()
        await self._slices_told.wait()

    async def _count(self, history: History, until: int, about: Any) -> bool:
        """Feeds what is before an offset; whether the journal's beginning is gone."""
        told = time.monotonic()
        async with self._reader("read_committed") as consumer:
            history.refused = await refused_sources(consumer, self._letters)
            consumer.assign([self._journal])
            await consumer.seek_to_beginning(self._journal)
            while (position := await consumer.position(self._journal)) < until:
                fetched = await consumer.getmany(self._journal, timeout_ms=500, max_records=FETCHED)
                records = fetched.get(self._journal, [])
                before = [record for record in records if record.offset < until]
                await self._pace.over(before, lambda record: history.take(record.offset, record.key, record.value))
                if time.monotonic() - told > TOLD_SECONDS:
                    told = time.monotonic()
                    about.info("counting the past", read=position, records=until)
            return bool((await consumer.beginning_offsets([self._journal]))[self._journal])


def _warn_of_what_is_gone(history: History, about: Any) -> None:
    """`definitions apply` refuses such a release; one that came otherwise knows what there is."""
    speaks_from = history.lacking()
    if speaks_from is not None:
        about.warning(
            "the release asks of a past that the journal's retention took away; what is left is counted",
            journal_speaks_from=instant_text(speaks_from),
        )

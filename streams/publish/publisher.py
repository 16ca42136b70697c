"""Publishing a run of lines: events to their topics, time and definitions where the lines tell them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from streams.errors import DataError, Unavailable
from streams.publish.lines import ClockLine, DefinitionsLine, EventLine, Item, RefusedLine
from streams.publish.ordering import OrderAcrossTopics, Outgoing
from streams.publish.producer import Sender
from streams.store.journal_follower import JournalFollower, Seen

BATCH = 2_000
"""Events sent before their acknowledgements are waited for."""
MOST_WAITING = 5_000
"""Events that may wait for the journal while lines after theirs are read."""
MOST_KNOWN = 100_000
REASONS_KEPT = 20
POLL_MS = 200


class ReleaseMaker(Protocol):
    """Who makes a release of a `definitions.applied` line."""

    async def apply(self, line: DefinitionsLine) -> int:
        """Writes the release and returns its number. Raises DefinitionsRefused."""


@dataclass
class Report:
    """What became of the lines; `latest` is the largest `at` of each account, in ms."""

    published: int = 0
    by_topic: dict[str, int] = field(default_factory=dict)
    clock_lines: int = 0
    releases: int = 0
    passed_over: int = 0
    refused: int = 0
    reasons: list[RefusedLine] = field(default_factory=list)
    broken_off: DataError | None = None
    """Why the files could not be read to their end."""
    latest: dict[str, int] = field(default_factory=dict)

    def refuse(self, line: RefusedLine) -> None:
        """Counts a line that cannot be published; the first ones are kept to be shown."""
        self.refused += line.lines
        if len(self.reasons) < REASONS_KEPT:
            self.reasons.append(line)

    def count(self, event: Outgoing) -> None:
        """Counts an event that is about to be sent."""
        self.published += 1
        self.by_topic[event.topic] = self.by_topic.get(event.topic, 0) + 1


class Publisher:
    """Sends items in the order given. With a `journal` a contact's order holds across topics as well.

    `tells_time` is false on the wall clock, where time passes by itself. `patience` is how many seconds the journal
    may stand still while something waits for it.
    """

    def __init__(
        self,
        sender: Sender,
        *,
        tells_time: bool,
        releases: ReleaseMaker,
        journal: JournalFollower | None = None,
        patience: float = 60.0,
    ) -> None:
        self._sender = sender
        self._tells_time = tells_time
        self._releases = releases
        self._journal = journal
        self._patience = patience
        self._order = OrderAcrossTopics()
        self._batch: list[Outgoing] = []
        self._accounts: set[str] = set()
        self.report = Report()

    async def publish(self, items: Iterable[Item], until: int | None = None) -> None:
        """Sends everything and tells the time that the lines tell; those after `until` (ms) are passed over.

        Where a file cannot be read on, what came before is sent all the same, and the report says why it ended.
        """
        reading = iter(items)
        while (item := self._read(reading)) is not None:
            await self._one(item, until)
        await self._settle()

    def _read(self, reading: Iterator[Item]) -> Item | None:
        try:
            return next(reading, None)
        except DataError as error:
            self.report.broken_off = error
            return None

    async def close_time(self, until: int | None = None) -> None:
        """Tells the time once at the end: the largest `at` of each account, or `until`; that instant included."""
        if not self._tells_time:
            return
        if until is None:
            for account, latest in sorted(self.report.latest.items()):
                await self._tell_time(account, latest + 1)
            return
        # Also where nothing happened up to then; but never to an account that the lines do not speak of.
        for account in sorted(self._accounts):
            await self._tell_time(account, until + 1)

    async def _one(self, item: Item, until: int | None) -> None:
        if isinstance(item, RefusedLine):
            self.report.refuse(item)
            return
        self._accounts.add(item.account)
        if until is not None and item.at is not None and item.at > until:
            self.report.passed_over += 1
            return
        if isinstance(item, EventLine):
            await self._event(item)
        elif isinstance(item, ClockLine):
            await self._clock(item)
        else:
            await self._definitions(item)
        if item.at is not None:
            self.report.latest[item.account] = max(item.at, self.report.latest.get(item.account, item.at))

    async def _event(self, item: EventLine) -> None:
        if item.of_several:
            await self._settle()
        event = item.outgoing
        self.report.count(event)
        if self._journal is None or self._order.may_go(event):
            self._batch.append(event)
            if len(self._batch) >= BATCH:
                await self._flush()
        elif self._order.waiting >= MOST_WAITING:
            await self._wait_until(lambda: self._order.waiting < MOST_WAITING // 2)
        if item.of_several:
            await self._settle()

    async def _clock(self, item: ClockLine) -> None:
        if not self._tells_time:
            self.report.refuse(RefusedLine(item.where, "on the wall clock time passes by itself"))
            return
        self.report.clock_lines += 1
        await self._tell_time(item.account, item.at)

    async def _tell_time(self, account: str, at: int) -> None:
        await self._settle()
        await self._sender.tell_time(account, at)
        if self._journal is not None:
            told = _Everywhere(self._journal.partitions)
            await self._wait_until(told.is_everywhere, lambda seen: told.ticks(seen, account, at))

    async def _definitions(self, item: DefinitionsLine) -> None:
        await self._settle()
        number = await self._releases.apply(item)
        self.report.releases += 1
        if self._journal is not None:
            told = _Everywhere(self._journal.partitions)
            await self._wait_until(told.is_everywhere, lambda seen: told.markers(seen, item.account, number))

    async def _settle(self) -> None:
        """Everything is acknowledged; with a journal also in it."""
        await self._flush()
        if self._journal is not None:
            await self._wait_until(self._order.settled)
            self._order.forget_settled()

    async def _flush(self) -> None:
        if not self._batch:
            return
        batch, self._batch = self._batch, []
        places = await self._sender.send(batch)
        if self._journal is None:
            return
        for event, (partition, offset) in zip(batch, places, strict=True):
            self._order.acknowledged(event, partition, offset)
        if self._order.known > MOST_KNOWN:
            self._order.forget_settled()

    async def _wait_until(self, reached: Callable[[], bool], look: Callable[[Seen], None] | None = None) -> None:
        """Follows the journal, sending what it sets free, until `reached`.

        Raises Unavailable when nothing comes for `patience` seconds.
        """
        assert self._journal is not None
        await self._flush()
        moved = time.monotonic()
        while not reached():
            seen = await self._journal.next(POLL_MS)
            if seen:
                moved = time.monotonic()
            elif time.monotonic() - moved > self._patience:
                raise Unavailable(
                    f"the journal has not moved for {self._patience:.0f} s while events wait for it;"
                    " is a worker running? `leadstream worker` starts one"
                )
            if look is not None:
                look(seen)
            self._order.journaled(seen.sources)
            self._batch += self._order.released()
            await self._flush()


class _Everywhere:
    """Whether a tick or a marker has come in every partition of the journal."""

    def __init__(self, partitions: frozenset[int]) -> None:
        self._missing = set(partitions)

    def is_everywhere(self) -> bool:
        return not self._missing

    def ticks(self, seen: Seen, account: str, at: int) -> None:
        for partition, tick in seen.ticks:
            if tick.account == account and tick.at >= at:
                self._missing.discard(partition)

    def markers(self, seen: Seen, account: str, number: int) -> None:
        for partition, marker in seen.markers:
            if marker.account == account and marker.number >= number:
                self._missing.discard(partition)

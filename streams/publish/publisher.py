"""Publishes parsed lines in order: events to their topics, clock lines and definitions between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from streams.errors import DataError, Unavailable
from streams.publish.lines import ClockLine, DefinitionsLine, EventLine, ParsedLine, RefusedLine
from streams.publish.ordering import OrderAcrossTopics, OutgoingEvent
from streams.publish.producer import EventProducer
from streams.publish.refusals import Refusals
from streams.store.journal_follower import JournalFollower, JournalUpdate

BATCH_SIZE = 2_000
"""Events sent before their acknowledgements are waited for."""
MAX_HELD_EVENTS = 5_000
"""Events that may wait for the journal while later lines are read."""
MAX_TRACKED_OWNERS = 100_000
POLL_MS = 200


class ReleaseWriter(Protocol):
    """Turns a `definitions.applied` line into a release."""

    async def apply_line(self, line: DefinitionsLine) -> int:
        """Writes the release and returns its number. Raises DefinitionsRefused."""


@dataclass
class PublishReport:
    """The result of publishing; `latest_instants` has the largest `at` (ms) of each account."""

    event_count: int = 0
    counts_by_topic: dict[str, int] = field(default_factory=dict)
    clock_line_count: int = 0
    release_count: int = 0
    skipped_count: int = 0
    refusals: Refusals = field(default_factory=Refusals)
    read_error: DataError | None = None
    """Why the files could not be read to the end."""
    latest_instants: dict[str, int] = field(default_factory=dict)

    @property
    def refused_count(self) -> int:
        """How many lines were refused."""
        return self.refusals.line_count

    @property
    def refused_lines(self) -> list[RefusedLine]:
        """The first refused lines of each kind of reason."""
        return self.refusals.listed_lines

    def add_refused(self, line: RefusedLine) -> None:
        """Counts a line that cannot be published."""
        self.refusals.add(line)

    def count_event(self, event: OutgoingEvent) -> None:
        """Counts an event that is about to be sent."""
        self.event_count += 1
        self.counts_by_topic[event.topic] = self.counts_by_topic.get(event.topic, 0) + 1


class Publisher:
    """Publishes items in order; with a `journal` each contact's order holds across topics as well.

    `advances_clock` is false on the wall clock, where time passes by itself. `patience` is how many seconds the
    journal may get no record while an event waits for it.
    """

    def __init__(
        self,
        producer: EventProducer,
        *,
        advances_clock: bool,
        releases: ReleaseWriter,
        journal: JournalFollower | None = None,
        patience: float = 60.0,
    ) -> None:
        self._producer = producer
        self._advances_clock = advances_clock
        self._releases = releases
        self._journal = journal
        self._patience = patience
        self._ordering = OrderAcrossTopics()
        self._batch: list[OutgoingEvent] = []
        self._accounts: set[str] = set()
        self.report = PublishReport()

    async def publish(self, items: Iterable[ParsedLine], until: int | None = None) -> None:
        """Publishes all items but those after `until` (ms).

        When a file cannot be read further, the items before are published, and the report has the error.
        """
        iterator = iter(items)
        while (item := self._next_item(iterator)) is not None:
            await self._publish_item(item, until)
        await self._drain()

    def _next_item(self, items: Iterator[ParsedLine]) -> ParsedLine | None:
        try:
            return next(items, None)
        except DataError as error:
            self.report.read_error = error
            return None

    async def advance_clock_to_end(self, until: int | None = None) -> None:
        """Advances each account's clock once at the end, past its largest `at`, or past `until` (ms)."""
        if not self._advances_clock:
            return
        if until is None:
            for account, latest in sorted(self.report.latest_instants.items()):
                await self._advance_clock(account, latest + 1)
            return
        # Also for accounts without events up to then, but only for accounts that the lines name.
        for account in sorted(self._accounts):
            await self._advance_clock(account, until + 1)

    async def _publish_item(self, item: ParsedLine, until: int | None) -> None:
        if isinstance(item, RefusedLine):
            self.report.add_refused(item)
            return
        self._accounts.add(item.account)
        if until is not None and item.at is not None and item.at > until:
            self.report.skipped_count += 1
            return
        if isinstance(item, EventLine):
            await self._publish_event(item)
        elif isinstance(item, ClockLine):
            await self._publish_clock_line(item)
        else:
            await self._apply_definitions(item)
        if item.at is not None:
            self.report.latest_instants[item.account] = max(
                item.at, self.report.latest_instants.get(item.account, item.at)
            )

    async def _publish_event(self, item: EventLine) -> None:
        if item.has_several_contacts:
            await self._drain()
        event = item.event
        self.report.count_event(event)
        if self._journal is None or self._ordering.admit(event):
            self._batch.append(event)
            if len(self._batch) >= BATCH_SIZE:
                await self._flush()
        elif self._ordering.held_count >= MAX_HELD_EVENTS:
            await self._wait_until(lambda: self._ordering.held_count < MAX_HELD_EVENTS // 2)
        if item.has_several_contacts:
            await self._drain()

    async def _publish_clock_line(self, item: ClockLine) -> None:
        if not self._advances_clock:
            self.report.add_refused(RefusedLine(item.location, "on the wall clock time passes by itself"))
            return
        self.report.clock_line_count += 1
        await self._advance_clock(item.account, item.at)

    async def _advance_clock(self, account: str, at: int) -> None:
        await self._drain()
        await self._producer.advance_clock(account, at)
        if self._journal is not None:
            coverage = _PartitionCoverage(self._journal.partitions)
            await self._wait_until(coverage.is_complete, lambda update: coverage.feed_ticks(update, account, at))

    async def _apply_definitions(self, item: DefinitionsLine) -> None:
        await self._drain()
        number = await self._releases.apply_line(item)
        self.report.release_count += 1
        if self._journal is not None:
            coverage = _PartitionCoverage(self._journal.partitions)
            await self._wait_until(
                coverage.is_complete, lambda update: coverage.feed_markers(update, item.account, number)
            )

    async def _drain(self) -> None:
        """Waits until everything is acknowledged and, with a journal, in the journal."""
        await self._flush()
        if self._journal is not None:
            await self._wait_until(self._ordering.is_drained)
            self._ordering.forget_journaled()

    async def _flush(self) -> None:
        if not self._batch:
            return
        batch, self._batch = self._batch, []
        positions = await self._producer.send(batch)
        if self._journal is None:
            return
        for event, (partition, offset) in zip(batch, positions, strict=True):
            self._ordering.acknowledge(event, partition, offset)
        if self._ordering.tracked_count > MAX_TRACKED_OWNERS:
            self._ordering.forget_journaled()

    async def _wait_until(
        self, is_reached: Callable[[], bool], on_update: Callable[[JournalUpdate], None] | None = None
    ) -> None:
        """Follows the journal and sends the events that it releases, until `is_reached`.

        Raises Unavailable when the journal gets no record for `patience` seconds.
        """
        assert self._journal is not None
        await self._flush()
        last_update = time.monotonic()
        while not is_reached():
            update = await self._journal.poll(POLL_MS)
            if update:
                last_update = time.monotonic()
            elif time.monotonic() - last_update > self._patience:
                raise Unavailable(
                    f"the journal has not moved for {self._patience:.0f} s while events wait for it;"
                    " is a worker running? `leadstream worker` starts one"
                )
            if on_update is not None:
                on_update(update)
            self._ordering.mark_journaled(update.sources)
            self._batch += self._ordering.pop_ready()
            await self._flush()


class _PartitionCoverage:
    """Whether a tick or a marker has arrived in every partition of the journal."""

    def __init__(self, partitions: frozenset[int]) -> None:
        self._missing_partitions = set(partitions)

    def is_complete(self) -> bool:
        return not self._missing_partitions

    def feed_ticks(self, update: JournalUpdate, account: str, at: int) -> None:
        for partition, tick in update.ticks:
            if tick.account == account and tick.at >= at:
                self._missing_partitions.discard(partition)

    def feed_markers(self, update: JournalUpdate, account: str, number: int) -> None:
        for partition, marker in update.markers:
            if marker.account == account and marker.number >= number:
                self._missing_partitions.discard(partition)

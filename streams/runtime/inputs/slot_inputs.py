"""What a slot has fetched: the feeds of its in-topic partitions and of its journal partition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import structlog

from streams.kafka.partitions import Partition
from streams.runtime.inputs.partition_buffer import Ends, Entry, Feed, Run

log = structlog.get_logger()

BATCH_RECORDS = 4_000
BATCH_BYTES = 4_000_000

Taken = dict[Partition, list[Entry]]


class Flow(Protocol):
    """Faust's consumer, as far as fetching is slowed down and resumed."""

    def on_buffer_full(self, tp: Partition) -> None:
        """No more of this partition for now."""

    def on_buffer_drop(self, tp: Partition) -> None:
        """This partition may flow again."""


class Intake:
    """The feeds of one slot, by full partition name; `journal` is the slot's own journal partition."""

    def __init__(self, journal: Partition, flow: Flow) -> None:
        self.journal = journal
        self.feeds: dict[Partition, Feed] = {}
        self._flow = flow

    def sources(self) -> Iterable[Feed]:
        """The feeds of in-topics."""
        return (feed for feed in self.feeds.values() if feed.partition != self.journal)

    def journal_feed(self) -> Feed:
        """The feed of the journal partition."""
        return self.feeds[self.journal]

    def begin(self, tokens: Mapping[Partition, int]) -> None:
        """Every feed was sought to where it stands; runs with these tokens follow."""
        for partition, token in tokens.items():
            self.feeds[partition].begin(token)

    def forget(self) -> None:
        """What is queued is forgotten: it was fetched for a former assignment."""
        for feed in self.feeds.values():
            feed.forget()

    def offer(self, source: Partition, run: Run) -> bool:
        """Takes in a run; False when it is stale. Raises Internal when a run is missing."""
        feed = self.feeds.get(source)
        if feed is None:
            return False
        if not feed.offer(run):
            return False
        if feed.is_full():
            self._flow.on_buffer_full(source)
        return True

    def latest_arrival(self) -> int:
        """The arrival of the latest record at hand of any in-topic; 0 when there is none."""
        return max((feed.waiting[-1].arrival for feed in self.sources() if feed.waiting), default=0)

    def take_sources(self, horizon: int | None) -> Taken:
        """The next records of every in-topic partition, none that arrived after `horizon`."""
        return {feed.partition: taken for feed in self.sources() if (taken := self._take(feed, horizon))}

    def take_journal(self) -> Taken:
        """The next records of the journal partition."""
        taken = self._take(self.journal_feed(), None)
        return {self.journal: taken} if taken else {}

    def _take(self, feed: Feed, horizon: int | None) -> list[Entry]:
        was_full = bool(feed.waiting)
        taken = feed.take(BATCH_RECORDS, BATCH_BYTES, horizon)
        if was_full and feed.has_room():
            self._flow.on_buffer_drop(feed.partition)
        return taken

    def committed(self, taken: Taken) -> None:
        """The transaction that holds these entries is committed."""
        for partition, entries in taken.items():
            self.feeds[partition].committed(entries)

    def reached(self, ends: Mapping[Partition, Ends]) -> int:
        """How far the journal partition is read and decided."""
        return self.journal_feed().reached(ends.get(self.journal))


def place(feed: Feed, beginning: int, end: int) -> None:
    """Stops a feed whose position lies outside the log (it was down longer than the topic keeps, or the topic was
    made anew); the slot's others go on.
    """
    if beginning <= feed.next <= end:
        return
    feed.stopped = f"position {feed.next} is outside the log, which holds {beginning} to {end}"
    log.error("partition stopped", partition=str(feed.partition), why=feed.stopped)

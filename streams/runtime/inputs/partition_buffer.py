"""A feed: one partition that a slot reads, from what was fetched to what its transactions hold."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from streams.errors import Internal
from streams.kafka.partitions import Partition

HIGH_RECORDS = 12_000
HIGH_BYTES = 32_000_000


class Run(Protocol):
    """Consecutive fetched records (faust/runs.py)."""

    records: Any
    start: int
    next: int
    token: int
    fetched: int


class Entry(NamedTuple):
    """One fetched record, its arrival (ms), and the fetch position after it."""

    record: Any
    arrival: int
    next: int


@dataclass(slots=True)
class Feed:
    """`next` is where the slot's transactions stand; `waiting` is fetched and in no transaction yet.

    `arrival` is that of the last record fetched, `taken_arrival` that of the last one in a committed transaction,
    `in_flight` that of the first one in the transaction under way. `claim` is the partition's claim (claims.py).
    A `stopped` feed's position lies outside the log: it is not read until an operator accepts the gap.
    """

    partition: Partition
    next: int
    taken_arrival: int = 0
    claim: int = 0
    in_flight: int | None = None
    stopped: str | None = None
    token: int | None = None
    expected: int = 0
    arrival: int = 0
    waiting: deque[Entry] = field(default_factory=deque)
    waiting_bytes: int = 0

    def begin(self, token: int) -> None:
        """The partition was sought to `next`; runs with this token follow."""
        self.forget()
        self.token = token

    def forget(self) -> None:
        """What is fetched and in no transaction is dropped; it will be fetched again."""
        self.token = None
        self.expected = self.next
        self.arrival = self.taken_arrival
        self.waiting.clear()
        self.waiting_bytes = 0

    def offer(self, run: Run) -> bool:
        """Takes in a run; False when it was fetched before a rebalance. Raises Internal when a run is missing.

        The arrival of a record is its timestamp, at most the clock when it was fetched, at least the partition's
        claim and the arrival of the record before it.
        """
        if run.token != self.token:
            return False
        if run.start != self.expected:
            raise Internal(f"{self.partition} has a gap: expected {self.expected}, got {run.start}")
        self.expected = run.next
        last = len(run.records) - 1
        arrival = max(self.arrival, self.claim)
        for index, record in enumerate(run.records):
            arrival = max(arrival, stamped(record.timestamp, run.fetched))
            following = run.next if index == last else run.records[index + 1].offset
            self.waiting.append(Entry(record, arrival, following))
            self.waiting_bytes += size_of(record)
        self.arrival = arrival
        return True

    def take(self, records: int, size: int, horizon: int | None = None) -> list[Entry]:
        """The next entries, at most so many records and about so many bytes, none that arrived after `horizon`."""
        taken: list[Entry] = []
        while self.waiting and len(taken) < records and size > 0:
            entry = self.waiting[0]
            if horizon is not None and entry.arrival > horizon:
                break
            self.waiting.popleft()
            taken.append(entry)
            weight = size_of(entry.record)
            size -= weight
            self.waiting_bytes -= weight
        self.in_flight = taken[0].arrival if taken else None
        return taken

    def committed(self, taken: list[Entry]) -> None:
        """The transaction that holds these entries is committed."""
        self.in_flight = None
        if taken:
            self.next = taken[-1].next
            self.taken_arrival = taken[-1].arrival

    def is_full(self) -> bool:
        """Whether fetching should pause."""
        return len(self.waiting) > HIGH_RECORDS or self.waiting_bytes > HIGH_BYTES

    def has_room(self) -> bool:
        """Whether fetching may go on again."""
        return len(self.waiting) < HIGH_RECORDS // 2 and self.waiting_bytes < HIGH_BYTES // 2

    def smallest_arrival(self) -> int | None:
        """The smallest arrival among the records fetched and not committed; None when there is none."""
        if self.in_flight is not None:
            return self.in_flight
        return self.waiting[0].arrival if self.waiting else None

    def reached(self, ends: Ends | None) -> int:
        """How far everything was read and committed: `next`, or past it where only control records follow."""
        current = ends is not None and ends.token == self.token and ends.delivered == self.next
        return max(self.next, ends.position) if ends is not None and current else self.next


def stamped(timestamp: int | None, fetched: int) -> int:
    """A record's timestamp, at most the clock when it was fetched, and that clock where it has none (-1 or None)."""
    if timestamp is None or timestamp < 0:
        return fetched
    return min(timestamp, fetched)


def size_of(record: Any) -> int:
    """What a record weighs in a transaction, in bytes."""
    return len(record.value or b"") + len(record.key or b"") + 64


class Ends(NamedTuple):
    """What a fetch answer says of a partition's end; `sent` is the worker's clock (ms) when the fetch was sent.

    `position` is the fetch position it was sent with, `delivered` the end of the last run handed out before it:
    between the two lie control records only. `stable` is the last stable offset, `high` the high watermark.
    """

    token: int
    sent: int
    delivered: int
    position: int
    stable: int
    high: int

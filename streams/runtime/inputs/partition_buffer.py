"""The buffer of one partition that a slot reads: records fetched and not in a committed transaction yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import msgspec

from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.kafka.protocols import ConsumedRecord

HIGH_RECORDS = 4_000
HIGH_BYTES = 8_000_000
"""A buffer with more records, or bytes of them, is full: a worker has one for each partition that it reads."""


class RecordBatch(Protocol):
    """A run of consecutive fetched records of one partition (faust/runs.py)."""

    records: Sequence[ConsumedRecord]
    start: int
    next_position: int
    token: int
    fetched_at: int
    source: Partition


class BatchGroup(Protocol):
    """Runs of several partitions that were fetched together (faust/runs.py)."""

    @property
    def runs(self) -> Sequence[RecordBatch]:
        """The runs, one for each partition."""

    def mark_arrival(self) -> bool:
        """They have arrived; returns whether all that was fetched together is there."""


class AppendedRecord(msgspec.Struct, gc=False):
    """A record that the slot itself appended to the partition, at `offset`."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    timestamp: int = -1


class BufferedRecord(msgspec.Struct, gc=False):
    """One fetched record, its arrival (ms), and the fetch position after it."""

    record: ConsumedRecord
    arrival: int
    next_position: int


@dataclass(slots=True)
class PartitionBuffer:
    """Everything before `committed_position` is committed, what follows up to `taken_position` is in transactions
    under way, and `queue` is known and in none yet.

    `last_arrival` (ms) is that of the last record fetched, `taken_arrival` and `committed_arrival` those of the last
    one taken and committed, `in_flight_arrivals` those of the first one in each transaction under way. `claim` is the
    partition's claim (claims.py). With a `stop_reason` the position lies outside the log: the partition is not read
    until an operator accepts the gap. `token` is that of the last seek; None while the partition is revoked.

    All before `known_position` is fetched, or was appended by the slot itself. At `marker_position` the end of a
    transaction of the slot must stand, which is not fetched yet; `passed_markers` are those that were passed so.
    """

    partition: Partition
    committed_position: int
    committed_arrival: int = 0
    claim: int = 0
    in_flight_arrivals: deque[int] = field(default_factory=deque)
    stop_reason: str | None = None
    token: int | None = None
    fetch_position: int = 0
    last_arrival: int = 0
    taken_position: int = field(init=False)
    taken_arrival: int = field(init=False)
    queue: deque[BufferedRecord] = field(default_factory=deque)
    queue_bytes: int = 0
    known_position: int = field(init=False)
    marker_position: int | None = None
    passed_markers: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.taken_position, self.taken_arrival = self.committed_position, self.committed_arrival
        self.known_position = self.committed_position

    def start(self, token: int) -> None:
        """Expects runs with this token: the partition was sought to its committed position. Nothing is in flight."""
        self.clear()
        self.token = token

    def clear(self) -> None:
        """Drops records that are in no transaction; they will be fetched again."""
        self.token = None
        self.fetch_position = self.known_position = self.committed_position
        self.last_arrival = self.committed_arrival
        self.marker_position = None
        self.passed_markers.clear()
        self.queue.clear()
        self.queue_bytes = 0

    def enqueue(self, run: RecordBatch) -> bool:
        """Queues a run; False when it was fetched before a rebalance. Raises Internal when a run is missing.

        The arrival of a record is its timestamp, at most the clock when it was fetched, at least the partition's
        claim and the arrival of the record before it. What the slot appended itself is queued or taken already.
        """
        if run.token != self.token:
            return False
        if run.start != self.fetch_position:
            raise Internal(f"{self.partition} has a gap: expected {self.fetch_position}, got {run.start}")
        self.fetch_position = run.next_position
        records = run.records if run.start == self.known_position else self._unknown(run)
        last = len(records) - 1
        arrival = max(self.last_arrival, self.claim)
        for index, record in enumerate(records):
            arrival = max(arrival, clamp_timestamp(record.timestamp, run.fetched_at))
            next_position = run.next_position if index == last else records[index + 1].offset
            self.queue.append(BufferedRecord(record, arrival, next_position))
            self.queue_bytes += record_weight(record)
        self.last_arrival = arrival
        if not records:
            self._pass_markers(run.next_position)
        self.known_position = max(self.known_position, run.next_position)
        return True

    def _unknown(self, run: RecordBatch) -> Sequence[ConsumedRecord]:
        """The records of a run behind `known_position`. Raises Internal when one stands where a marker had to."""
        for record in run.records:
            if record.offset in self.passed_markers:
                raise Internal(
                    f"{self.partition} has a record at {record.offset}, where the end of a transaction had to be:"
                    " later records were decided before it"
                )
        self.passed_markers = {position for position in self.passed_markers if position >= run.next_position}
        return [record for record in run.records if record.offset >= self.known_position]

    def enqueue_appended(self, records: Sequence[AppendedRecord]) -> bool:
        """Queues records that the slot appended itself, without a fetch, in the order of their offsets.

        False, and nothing queued, when others may stand before them that are not fetched yet, when the buffer is
        full, and after a revocation.
        """
        start = records[0].offset
        if self.token is None or self.is_full() or not self._is_next(start):
            return False
        if start > self.known_position:
            self.passed_markers.add(self.known_position)
            self._pass_markers(start)
        for record in records:
            self.queue.append(BufferedRecord(record, self.last_arrival, record.offset + 1))
            self.queue_bytes += record_weight(record)
        self.known_position = records[-1].offset + 1
        self.marker_position = None
        return True

    def _is_next(self, offset: int) -> bool:
        is_behind_marker = self.marker_position == self.known_position == offset - 1
        return offset == self.known_position or is_behind_marker

    def expect_marker(self, last_offset: int) -> None:
        """A transaction is committed whose last record in this partition has that offset: its end, a control record,
        follows at once, unless others write there.
        """
        if self.known_position == last_offset + 1:
            self.marker_position = self.known_position

    def _pass_markers(self, position: int) -> None:
        """Before `position` there are only control records after what is queued or taken."""
        if self.queue:
            self.queue[-1].next_position = max(self.queue[-1].next_position, position)
            return
        self.taken_position = max(self.taken_position, position)
        if not self.in_flight_arrivals:
            self.committed_position = self.taken_position

    def dequeue(self, max_records: int, max_bytes: int, horizon: int | None = None) -> list[BufferedRecord]:
        """The next records, at most `max_records` and about `max_bytes`, none that arrived after `horizon` (ms)."""
        records: list[BufferedRecord] = []
        while self.queue and len(records) < max_records and max_bytes > 0:
            entry = self.queue[0]
            if horizon is not None and entry.arrival > horizon:
                break
            self.queue.popleft()
            records.append(entry)
            weight = record_weight(entry.record)
            max_bytes -= weight
            self.queue_bytes -= weight
        if records:
            self.in_flight_arrivals.append(records[0].arrival)
            self.taken_position, self.taken_arrival = records[-1].next_position, records[-1].arrival
        return records

    def mark_committed(self, records: list[BufferedRecord]) -> None:
        """The oldest transaction under way, which holds these records, is committed."""
        if records:
            self.in_flight_arrivals.popleft()
            self.committed_position = records[-1].next_position if self.in_flight_arrivals else self.taken_position
            self.committed_arrival = records[-1].arrival

    def skip_gap(self, position: int) -> None:
        """A stopped partition is read on from `position`: the gap before it was accepted."""
        self.committed_position = self.taken_position = self.fetch_position = self.known_position = position
        self.stop_reason = None

    def is_full(self) -> bool:
        """Whether fetching should pause."""
        return len(self.queue) > HIGH_RECORDS or self.queue_bytes > HIGH_BYTES

    def has_room(self) -> bool:
        """Whether fetching may go on again."""
        return len(self.queue) < HIGH_RECORDS // 2 and self.queue_bytes < HIGH_BYTES // 2

    def smallest_arrival(self) -> int | None:
        """The smallest arrival (ms) of a record fetched and not committed; None when there is none."""
        if self.in_flight_arrivals:
            return self.in_flight_arrivals[0]
        return self.queue[0].arrival if self.queue else None

    def effective_position(self, ends: FetchEnds | None) -> int:
        """How far everything is committed: the committed position, or past it where only control records follow."""
        if ends is None or ends.token != self.token or ends.delivered_position != self.committed_position:
            return self.committed_position
        return max(self.committed_position, ends.position)


def clamp_timestamp(timestamp: int | None, fetched_at: int) -> int:
    """A record's timestamp (ms), at most the clock when it was fetched; that clock where it has none (-1 or None)."""
    if timestamp is None or timestamp < 0:
        return fetched_at
    return min(timestamp, fetched_at)


def record_weight(record: ConsumedRecord) -> int:
    """About the bytes that a record takes in a transaction."""
    return len(record.value or b"") + len(record.key or b"") + 64


class FetchEnds(NamedTuple):
    """What a fetch answer says of a partition's end; `sent_at` is the worker's clock (ms) when the fetch was sent.

    `position` is the fetch position it was sent with, `delivered_position` the end of the last run delivered before
    it: between the two are control records only. `stable` is the last stable offset, `high` the high watermark.
    `token` is that of the partition's last seek.
    """

    token: int
    sent_at: int
    delivered_position: int
    position: int
    stable: int
    high: int

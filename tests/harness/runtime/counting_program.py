"""A small decider for the runtime's tests: counts and folds what each contact sends, and reminds it later.

An event is `{"id", "contact", "amount", "at"}`, keyed by its contact. It raises the contact's count and sum, folds id
and amount into a hash, and sets a due instant; a tick past it puts out a reminder. All of it depends on the
order of the journal, so a record that is lost, doubled or moved changes the result.
"""

from __future__ import annotations

import heapq
import zlib
from collections import Counter as Counter_
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from agents.register import register_agents
from schemas.engine_versions import NEWEST_VERSION
from schemas.topics import JOURNAL, SCORING_EVENTS, SEGMENT_CHANGES, WEB_VISITS
from streams.engine.journal import records
from streams.engine.journal.effects import Append, Budget, Effects, Output, Refusal, SourceRecord
from streams.runtime.spec import AppSpec

REMIND_MS = 400


class CountingEvent(msgspec.Struct):
    """What a producer sends."""

    id: str
    contact: str
    amount: int
    at: int
    pad: str = ""


class CountingRow(msgspec.Struct, array_like=True):
    """A contact's state; `settled` is the offset up to which it is decided."""

    count: int = 0
    total: int = 0
    fold: int = 0
    due: int = 0
    settled: int = -1


class PendingTick(msgspec.Struct, array_like=True):
    """A tick that is not applied to every contact yet."""

    offset: int
    at: int


class CountingCheckpoint(msgspec.Struct):
    """The decider's checkpoint."""

    unfinished: list[PendingTick] = []
    release: int = 0
    releases: dict[str, int] = {}


_decode_event = msgspec.json.Decoder(CountingEvent).decode
_decode_row = msgspec.json.Decoder(CountingRow).decode
_decode_checkpoint = msgspec.json.Decoder(CountingCheckpoint).decode
encode = msgspec.json.Encoder().encode


def ingest_event(record: SourceRecord) -> Sequence[Append | Refusal]:
    """The ingest: refuses a record that cannot be parsed or has the wrong key."""
    try:
        event = _decode_event(record.value or b"")
    except msgspec.DecodeError as error:
        return [Refusal("bad", str(error))]
    if record.key != event.contact.encode():
        return [Refusal("bad_key", "the key is not the contact")]
    journal = records.JournalEvent(
        type="counted",
        id=event.id,
        at=event.at,
        account="default",
        owner=event.contact,
        source=(record.topic, record.partition, record.offset),
        arrival=record.arrival,
        fields={"amount": event.amount},
    )
    return [Append(records.event_key("default", event.contact), records.encode(journal))]


@dataclass
class CountingDecider:
    """The decider: one row per contact."""

    rows: dict[bytes, CountingRow] = field(default_factory=dict)
    state: CountingCheckpoint = field(default_factory=CountingCheckpoint)
    queue: deque[tuple[int, bytes, records.JournalRecord]] = field(default_factory=deque)
    heap: list[tuple[int, bytes]] = field(default_factory=list)

    def restore(self, key: bytes, value: bytes | None) -> None:
        """One row of the changelog."""
        if value is not None:
            self._set(key, _decode_row(value))

    def resume(self, checkpoint: bytes | None) -> None:
        """The unfinished ticks and the release in force."""
        self.state = _decode_checkpoint(checkpoint) if checkpoint is not None else CountingCheckpoint()

    def feed(self, offset: int, key: bytes, value: bytes) -> None:
        """The next journal record."""
        self.queue.append((offset, key, records.decode(value)))

    def has_pending(self) -> bool:
        """Whether anything is left to do."""
        return bool(self.queue or self.state.unfinished)

    def work(self, budget: Budget) -> Effects:
        """Decides events first; every unfinished tick is applied to a contact before the contact's next event."""
        effects = Effects()
        remaining = budget.records
        while self.queue and remaining > 0:
            offset, key, record = self.queue.popleft()
            self._apply(offset, key, record, effects)
            remaining -= 1
        while not self.queue and self.state.unfinished and remaining > 0:
            remaining -= self._advance_tick(self.state.unfinished[0], effects)
        return effects

    def _apply(self, offset: int, key: bytes, record: records.JournalRecord, effects: Effects) -> None:
        if isinstance(record, records.Tick):
            self.state.unfinished.append(PendingTick(offset, record.at))
            return
        if isinstance(record, records.Marker):
            self.state.release = self.state.releases[record.account] = record.number
            return
        assert isinstance(record, records.JournalEvent), "nothing else is written in these tests"
        for tick in self.state.unfinished:
            self._remind_one(key, tick, effects)
        row = self.rows.get(key, CountingRow())
        folded = zlib.crc32(f"{record.id}:{record.fields['amount']}".encode(), row.fold)
        due = row.due or record.at + REMIND_MS
        row = CountingRow(row.count + 1, row.total + int(record.fields["amount"]), folded, due, offset)
        self._write(key, row, effects)
        if folded % 3 == 0:
            self._emit(key, ["counted", row.count, row.total, folded, self.state.release], effects)

    def _advance_tick(self, tick: PendingTick, effects: Effects) -> int:
        """Reminds the next due contact, or finishes the tick; returns the number of steps."""
        later = []
        reminded = False
        while not reminded and self.heap and self.heap[0][0] < tick.at:
            due, key = heapq.heappop(self.heap)
            row = self.rows.get(key)
            if row is None or row.due != due:
                continue
            if row.settled > tick.offset:  # its own record came after this tick: the next one reminds it
                later.append((due, key))
                continue
            self._remind_one(key, tick, effects)
            reminded = True
        for entry in later:
            heapq.heappush(self.heap, entry)
        if not reminded:
            self.state.unfinished.remove(tick)
        return 1

    def _remind_one(self, key: bytes, tick: PendingTick, effects: Effects) -> None:
        row = self.rows.get(key)
        if row is None or not row.due or row.due >= tick.at or row.settled > tick.offset:
            return
        folded = zlib.crc32(str(row.due).encode(), row.fold)
        self._write(key, CountingRow(row.count, row.total, folded, 0, row.settled), effects)
        self._emit(key, ["reminded", row.due, row.count, folded, self.state.release], effects)

    def _write(self, key: bytes, row: CountingRow, effects: Effects) -> None:
        self._set(key, row)
        effects.rows[key] = encode(row)

    def _set(self, key: bytes, row: CountingRow) -> None:
        self.rows[key] = row
        if row.due:
            heapq.heappush(self.heap, (row.due, key))

    def _emit(self, key: bytes, value: list[object], effects: Effects) -> None:
        effects.outputs.append(Output(SEGMENT_CHANGES.name, key, encode(value), "counted"))

    def checkpoint(self) -> bytes:
        """What `resume` takes."""
        return encode(self.state)

    def resume_offset(self, next_offset: int) -> int:
        """The first record that is fed and not decided."""
        return self.queue[0][0] if self.queue else next_offset

    def is_busy(self) -> bool:
        """Whether a tick is not finished."""
        return bool(self.state.unfinished)

    def known_release(self, account: str) -> int:
        """The account's release; 0 for none."""
        return self.state.releases.get(account, 0)

    def next_due(self, before: int | None = None) -> int | None:
        """The earliest due instant."""
        del before
        while self.heap:
            due, key = self.heap[0]
            row = self.rows.get(key)
            if row is not None and row.due == due:
                return due
            heapq.heappop(self.heap)
        return None


@dataclass
class AcceptingReleaseLog:
    """A release log that accepts every record of `definitions` as a valid release."""

    numbers: Counter_[str] = field(default_factory=Counter_)

    def add(self, offset: int, timestamp: int, key: bytes | None, value: bytes | None) -> records.Marker | None:
        """The marker; its number is the record's rank among its account's."""
        account = (key or b"").decode()
        self.numbers[account] += 1
        at = int(value or b"0")
        return records.Marker(account, self.numbers[account], offset, "hash", at, semantics=NEWEST_VERSION)


def counting_spec(slots: int) -> AppSpec:
    """The spec of the counting program, on two in-topics."""
    return AppSpec(
        name="pipeline",
        slots=slots,
        journal=JOURNAL,
        sources=(WEB_VISITS, SCORING_EVENTS),
        outputs=(SEGMENT_CHANGES,),
        table="contacts",
        ingest=lambda _settings: ingest_event,
        decider=lambda _settings, _slot, _rows: CountingDecider(),
        register=register_agents,
        releases=AcceptingReleaseLog,
    )

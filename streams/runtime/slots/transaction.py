"""A portion: what one transaction of a slot holds, from what was fetched to its position record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schemas.topics import DEAD_LETTERS
from streams.engine.decisions.outputs import stamped
from streams.engine.journal import records
from streams.engine.journal.effects import Append, Effects, Refusal, SourceRecord
from streams.kafka.batches import RECORD_BYTES, Outbox, record_size
from streams.kafka.dead_letters import TOO_LARGE, Letter, letter_of, letter_of_decision
from streams.kafka.partitions import Partition
from streams.runtime.inputs.partition_buffer import Entry
from streams.runtime.inputs.slot_inputs import Taken
from streams.runtime.output_partitions import Places
from streams.runtime.protocols import Ingest
from streams.runtime.time.control_records import Announcement

FULL = Refusal("too_large", f"its journal record is larger than the {RECORD_BYTES} bytes that a record may have")


KEYS = {
    records.Tick: records.TICK_KEY,
    records.Marker: records.MARKER_KEY,
    records.Proposal: records.PROPOSAL_KEY,
}


@dataclass
class Portion:
    """The content of one transaction, and what becomes true when it is committed."""

    places: Places
    outbox: Outbox
    taken: Taken = field(default_factory=dict)
    wrote: bool = False
    when_committed: list[Callable[[], None]] = field(default_factory=list)
    announces: bool = False

    def ingest(self, taken: Taken, ingest: Ingest) -> None:
        """Journal records and dead letters of in-topic records, in the order of their arrival."""
        if not taken:
            return
        self.taken.update(taken)
        self.wrote = True
        for source, entry in in_order_of_arrival(taken):
            self._ingest_one(self._source_record(source, entry), ingest)

    def _ingest_one(self, record: SourceRecord, ingest: Ingest) -> None:
        if record_size(record.key, record.value, record.headers) > RECORD_BYTES:
            self._letter(letter_of(record, TOO_LARGE))
            return
        for result in ingest(record):
            if isinstance(result, Refusal):
                self._letter(letter_of(record, result))
            elif record_size(result.key, result.value) > RECORD_BYTES:
                self._letter(letter_of(record, FULL))
            else:
                self._append(result)

    def _source_record(self, source: Partition, entry: Entry) -> SourceRecord:
        record = entry.record
        timestamp = record.timestamp
        return SourceRecord(
            topic=source.topic.removeprefix(self.places.prefix),
            partition=source.number,
            offset=record.offset,
            timestamp=timestamp if timestamp is not None and timestamp >= 0 else None,
            key=record.key,
            value=record.value,
            headers=record.headers,
            arrival=entry.arrival,
        )

    def effects(self, effects: Effects, now: int) -> None:
        """Rows, outputs, appends and letters of what was decided; outputs say that they are written `now` (ms)."""
        self.wrote = True
        changelog = self.places.own_changelog()
        for key, row in effects.rows.items():
            self.outbox.add(changelog, key, row)
        for output in effects.outputs:
            self.outbox.add(self.places.output(output.topic), output.key, stamped(output.value, now))
        for append in effects.appends:
            self._append(append)
        for refusal, source, value in effects.letters:
            self._letter(letter_of_decision(refusal, source, value))

    def announce(self, record: Announcement, when_committed: Callable[[], None]) -> None:
        """What the slot itself has to say, for its own journal partition."""
        self.outbox.add(self.places.own_journal(), KEYS[type(record)], records.encode(record))
        self.announces = self.wrote = True
        self.when_committed.append(when_committed)

    def tell(self, part: records.Slice) -> None:
        """What was counted of some contacts, for the slot's own journal partition."""
        self.outbox.add(self.places.own_journal(), records.SLICE_KEY, records.encode(part))
        self.wrote = True

    def _append(self, append: Append) -> None:
        self.outbox.add(self.places.journal_of(append.key), append.key, append.value)

    def _letter(self, letter: Letter) -> None:
        self.outbox.add(self.places.output(DEAD_LETTERS.name), letter.key, letter.value, letter.headers)


def in_order_of_arrival(taken: Taken) -> Sequence[tuple[Partition, Entry]]:
    """All entries by arrival; those of one partition keep their order, since arrivals never go back there."""
    pairs = [(source, entry) for source, entries in taken.items() for entry in entries]
    if len(taken) > 1:
        pairs.sort(key=lambda pair: pair[1].arrival)
    return pairs

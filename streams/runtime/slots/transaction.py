"""The content of one transaction of a slot, from fetched records to its checkpoint."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from msgspec.structs import replace

from schemas.topics import DEAD_LETTERS
from streams.engine.decisions.outputs import with_emitted_at
from streams.engine.journal import records
from streams.engine.journal.effects import Append, Effects, Refusal, SourceRecord
from streams.kafka.batches import RECORD_BYTES, BatchWriter, Headers, record_size
from streams.kafka.dead_letters import TOO_LARGE, DeadLetter, dead_letter_from_decision, dead_letter_from_record
from streams.kafka.partitions import Partition
from streams.runtime.checkpoint import SlotCheckpoint
from streams.runtime.inputs.partition_buffer import AppendedRecord, BufferedRecord
from streams.runtime.inputs.slot_inputs import InputRecords, SlotInputs
from streams.runtime.inputs.traces import JournalTraces
from streams.runtime.output_partitions import OutputPartitions
from streams.runtime.protocols import Decider, Ingest
from streams.runtime.slots.traced_records import TracedRecords
from streams.runtime.time.control_records import ControlRecord
from streams.tracing.headers import trace_of

JOURNAL_RECORD_TOO_LARGE = Refusal(
    "too_large", f"its journal record is larger than the {RECORD_BYTES} bytes that a record may have"
)


_topic_and_type = attrgetter("topic", "type")

MAX_UNDECIDED = 2_000
"""How many journal records may be fed and not decided before no more are fed. Each is in memory in decoded form, and
one transaction decides some hundreds under load."""

STEP_RECORDS = 100
"""So many records are validated in one go while a transaction is in flight, whose answers must be read meanwhile."""

CONTROL_KEYS = {
    records.Tick: records.TICK_KEY,
    records.Marker: records.MARKER_KEY,
    records.Proposal: records.PROPOSAL_KEY,
}


@dataclass
class TransactionBatch:
    """The records to write, and what becomes true when they are committed.

    `checkpoint` is the slot's checkpoint after the transaction, once it is built. `input_records` are the records
    fetched that it consumes; `commit_actions` are called after the commit. `rows` are the changelog records of its
    decisions, `refusal_counts` how many dead letters it writes of each code, `output_counts` how many outputs of each
    topic and type. `began` is when it was begun (monotonic seconds), `traces` are those of the slot's records that
    are being decided; `traced` collects what spans are made of, None where there are none. `appended` is what it
    appends to the slot's own journal partition and has not written ahead; the offsets follow.
    """

    partitions: OutputPartitions
    writer: BatchWriter
    checkpoint: SlotCheckpoint
    input_records: InputRecords = field(default_factory=dict)
    has_content: bool = False
    commit_actions: list[Callable[[], None]] = field(default_factory=list)
    has_control_record: bool = False
    rows: dict[bytes, bytes | None] = field(default_factory=dict)
    refusal_counts: Counter[str] = field(default_factory=Counter)
    output_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    traces: JournalTraces = field(default_factory=JournalTraces)
    traced: TracedRecords | None = None
    appended: list[AppendedRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._own_journal = self.partitions.own_journal()

    def ingest(self, input_records: InputRecords, ingest: Ingest) -> Iterator[None]:
        """Adds the journal records and dead letters of in-topic records, in the order of their arrival, in steps."""
        if not input_records:
            return
        self.input_records.update(input_records)
        self.has_content = True
        for number, (source, entry) in enumerate(sort_by_arrival(input_records), start=1):
            self._ingest_one(self._source_record(source, entry), ingest)
            if not number % STEP_RECORDS:
                yield

    def feed_journal(self, inputs: SlotInputs, decider: Decider, undecided: int) -> bool:
        """Feeds the journal records fetched to the decider, unless too many are `undecided`.

        Returns whether there was any but ticks.
        """
        self.traces = inputs.traces
        if undecided > MAX_UNDECIDED and decider.has_pending():
            return False
        has_record = False
        input_records = inputs.dequeue_journal()
        self.input_records.update(input_records)
        for entries in input_records.values():
            self.has_content = True
            for entry in entries:
                record = entry.record
                decider.feed(record.offset, record.key or b"", record.value or b"")
                if record.headers:
                    self.traces.add(record.offset, record.headers)
                has_record |= record.key != records.TICK_KEY
        return has_record

    def _ingest_one(self, record: SourceRecord, ingest: Ingest) -> None:
        if record_size(record.key, record.value, record.headers) > RECORD_BYTES:
            self._add_dead_letter(TOO_LARGE, dead_letter_from_record(record, TOO_LARGE))
            return
        trace = self._trace_of(record) if record.headers else ()
        for result in ingest(record):
            if isinstance(result, Refusal):
                if trace and self.traced is not None:
                    self.traced.refuse_last(trace, result.code)
                self._add_dead_letter(result, dead_letter_from_record(record, result))
            elif record_size(result.key, result.value) > RECORD_BYTES:
                letter = dead_letter_from_record(record, JOURNAL_RECORD_TOO_LARGE)
                self._add_dead_letter(JOURNAL_RECORD_TOO_LARGE, letter)
            else:
                self._add_journal_record(result, trace)

    def _trace_of(self, record: SourceRecord) -> Headers:
        trace = trace_of(record.headers)
        if trace and self.traced is not None:
            self.traced.add_source(record, trace)
        return trace

    def _source_record(self, source: Partition, entry: BufferedRecord) -> SourceRecord:
        record = entry.record
        timestamp = record.timestamp
        return SourceRecord(
            topic=source.topic.removeprefix(self.partitions.prefix),
            partition=source.number,
            offset=record.offset,
            timestamp=timestamp if timestamp is not None and timestamp >= 0 else None,
            key=record.key,
            value=record.value,
            headers=record.headers,
            arrival=entry.arrival,
        )

    def add_effects(self, effects: Effects, now: int) -> None:
        """Adds the outputs, appends and dead letters of decisions, and keeps their rows for `add_rows`.

        `emitted_at` of outputs is `now` (ms).
        """
        self.has_content = True
        add, partition_of = self.writer.add, self.partitions.output
        self.rows |= effects.rows
        self.output_counts.update(map(_topic_and_type, effects.outputs))  # in C
        traces = self.traces or None
        for output in effects.outputs:
            trace = () if traces is None else traces.of_output(output.value)
            add(partition_of(output.topic), output.key, with_emitted_at(output.value, now), trace)
        for append in effects.appends:
            self._add_journal_record(append)
        for refusal, source, value in effects.dead_letters:
            self._add_dead_letter(refusal, dead_letter_from_decision(refusal, source, value))

    def add_rows(self) -> None:
        """Adds the rows of all decisions to the changelog, one for each contact; no decision follows."""
        add, changelog = self.writer.add, self.partitions.own_changelog()
        for key, row in self.rows.items():
            add(changelog, key, row)

    def add_control_record(self, record: ControlRecord, on_commit: Callable[[], None]) -> None:
        """Adds a control record to the slot's own journal partition."""
        self._add_to_journal(self._own_journal, CONTROL_KEYS[type(record)], records.encode(record))
        self.has_control_record = self.has_content = True
        self.commit_actions.append(on_commit)

    def add_slices(self, values: Sequence[bytes]) -> None:
        """Adds slices of a back-fill, as journal values, to the slot's own journal partition."""
        for value in values:
            self._add_to_journal(self._own_journal, records.SLICE_KEY, value)
        self.has_content = True

    def set_checkpoint(self, checkpoint: SlotCheckpoint, inputs: SlotInputs, decider: Decider) -> None:
        """`checkpoint` with the positions and arrivals after the batch's records, and the decider's own part."""
        feeds, arrivals = {}, {}
        for partition, buffer in inputs.buffers.items():
            name = str(self.partitions.without_prefix(partition))
            if partition == inputs.journal:
                feeds[name] = decider.resume_offset(buffer.taken_position)
                decided = inputs.traces.forget_before(feeds[name])
                if decided and self.traced is not None:
                    self.traced.add_decided(self.partitions.without_prefix(partition), decided)
                continue
            feeds[name] = buffer.taken_position
            arrivals[name] = buffer.taken_arrival
        self.checkpoint = replace(checkpoint, feeds=feeds, arrivals=arrivals, checkpoint=decider.checkpoint())

    def _add_journal_record(self, append: Append, trace: Headers = ()) -> None:
        if trace and record_size(append.key, append.value, trace) > RECORD_BYTES:
            trace = ()
        self._add_to_journal(self.partitions.journal_for(append.key), append.key, append.value, trace)

    def _add_to_journal(self, target: Partition, key: bytes, value: bytes, trace: Headers = ()) -> None:
        self.writer.add(target, key, value, trace)
        if target == self._own_journal:
            self.appended.append(AppendedRecord(target.topic, target.number, 0, key, value, trace))

    def _add_dead_letter(self, refusal: Refusal, dead_letter: DeadLetter) -> None:
        self.refusal_counts[refusal.code] += 1
        self.writer.add(
            self.partitions.output(DEAD_LETTERS.name), dead_letter.key, dead_letter.value, dead_letter.headers
        )


def sort_by_arrival(input_records: InputRecords) -> Sequence[tuple[Partition, BufferedRecord]]:
    """All records by arrival; those of one partition keep their order, since their arrivals never decrease."""
    pairs = [(source, entry) for source, entries in input_records.items() for entry in entries]
    if len(input_records) > 1:
        pairs.sort(key=lambda pair: pair[1].arrival)
    return pairs

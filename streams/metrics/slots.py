"""The report of a process that works on slots: read from what its slot manager knows, when it is asked."""

from __future__ import annotations

from collections.abc import Iterator

from streams.clock import now_ms
from streams.metrics import catalog
from streams.metrics.report import (
    MetricValue,
    ProcessReport,
    SlotReport,
    counts_of,
    encode,
    process_values,
    value_of,
)
from streams.runtime.inputs.partition_buffer import FetchEnds, PartitionBuffer
from streams.runtime.slots.slot import Slot
from streams.runtime.slots.slot_manager import SlotManager
from streams.runtime.slots.work_counts import WorkCounts
from streams.runtime.time.alignment import AlignmentSettings, is_stuck
from streams.runtime.time.claim_tracker import next_claim
from streams.runtime.time.hold import TimeHold, events_hold, wall_hold

STEP_SECONDS = 60.0
"""A slot whose present step takes longer hangs. A transaction ends the process after LEADSTREAM_TRANSACTION_BOUND_MS,
and a release is compiled within seconds."""


def slots_report(manager: SlotManager | None) -> bytes:
    """The report; of a process that waits for its topics where `manager` is None."""
    if manager is None:
        return encode(ProcessReport(ready_since=None, values=tuple(process_values())))
    slots = sorted(manager.slots.values(), key=lambda slot: slot.number)
    return encode(
        ProcessReport(
            ready_since=manager.working_since,
            slots=tuple(SlotReport(slot.number, slot.probe.pace.began_at or 0) for slot in slots),
            hangs=tuple(_hangs(manager, slots)),
            problems=tuple(_problems(slots)),
            values=(*process_values(), *_values(manager, slots)),
        )
    )


def _hangs(manager: SlotManager, slots: list[Slot]) -> Iterator[str]:
    bound = max(STEP_SECONDS, 4 * manager.settings.transaction_bound_ms / 1000)
    for slot in slots:
        seconds = slot.probe.pace.look_seconds()
        if seconds > bound:
            yield f"slot {slot.number} has been at one step for {seconds:.0f} s"


def _problems(slots: list[Slot]) -> Iterator[str]:
    for slot in slots:
        for buffer in slot.buffers.values():
            if buffer.stop_reason is not None:
                yield f"{slot.partitions.without_prefix(buffer.partition)} is not read: {buffer.stop_reason}"


def _values(manager: SlotManager, slots: list[Slot]) -> Iterator[MetricValue]:
    now = now_ms()
    yield value_of(catalog.SLOTS, len(slots))
    yield value_of(catalog.SLOTS_IN_ALL, manager.spec.slots)
    yield from _work_values(manager.work_counts)
    for slot in slots:
        yield from _slot_values(manager, slot, now)
    yield from _time_values(manager, slots, now)


def _work_values(counts: WorkCounts) -> Iterator[MetricValue]:
    transactions = counts.transactions
    yield MetricValue(catalog.TRANSACTION_SECONDS.name, (), transactions.sum, tuple(transactions.counts))
    yield from counts_of(catalog.SOURCE_RECORDS, counts.source_records.items())
    yield value_of(catalog.DECISIONS, counts.decided_records)
    yield value_of(catalog.ROWS, counts.rows)
    for (topic, kind), count in counts.outputs.items():
        yield value_of(catalog.OUTPUTS, count, topic, kind)
    yield from counts_of(catalog.DEAD_LETTERS, counts.dead_letters.items())
    yield value_of(catalog.UNSAVED_OFFSETS, counts.unsaved_offsets)


def _slot_values(manager: SlotManager, slot: Slot, now: int) -> Iterator[MetricValue]:
    probe, number = slot.probe, slot.number
    for buffer in slot.source_buffers():
        labels = slot.partitions.without_prefix(buffer.partition)
        end = _valid_end(buffer, probe.ends.get(buffer.partition))
        records = source_lag(buffer, end)
        yield value_of(catalog.SOURCE_LAG, records, *labels)
        yield value_of(catalog.SOURCE_LAG_SECONDS, lag_seconds(buffer, end, now) if records else 0.0, *labels)
        yield value_of(catalog.SOURCE_STOPPED, buffer.stop_reason is not None, *labels)
    journal = slot.buffers.get(slot.partitions.own_journal())
    if journal is not None:
        end = _valid_end(journal, probe.ends.get(journal.partition))
        decided = slot.checkpoint.feeds.get(str(slot.partitions.without_prefix(journal.partition)), 0)
        undecided = max(0, journal.committed_position - decided)
        yield value_of(catalog.JOURNAL_LAG, source_lag(journal, end) + undecided, number)
    if manager.settings.clock == "wall" and slot.checkpoint.tick:
        yield value_of(catalog.TICK, slot.checkpoint.tick / 1000, number)
    if manager.spec.has_row_store:
        yield value_of(catalog.CONTACTS, slot.local_rows.record_count(), number)
    if probe.backfill is not None:
        yield value_of(catalog.BACKFILL_LEFT, probe.backfill.records_left, number)
        yield value_of(catalog.BACKFILL_READ, probe.backfill.records_read, number)


def _valid_end(buffer: PartitionBuffer, end: FetchEnds | None) -> FetchEnds | None:
    return end if end is not None and end.token == buffer.token else None


def source_lag(buffer: PartitionBuffer, end: FetchEnds | None) -> int:
    """How many records of a partition are not consumed by a committed transaction; `end` is what its last fetch said.

    Offsets are counted: ends of transactions among the records that wait are counted, too.
    """
    if end is None:
        return len(buffer.queue)
    return max(0, end.high - buffer.effective_position(end))


def lag_seconds(buffer: PartitionBuffer, end: FetchEnds | None, now: int) -> float:
    """How long, at `now` (ms), the oldest record of a partition that is not consumed may have waited."""
    return max(0, now - next_claim(buffer, end)) / 1000


def _time_values(manager: SlotManager, slots: list[Slot], now: int) -> Iterator[MetricValue]:
    claims = manager.control_topics.control_state.claims
    alignment = AlignmentSettings.from_settings(manager.settings)
    for slot in slots:
        for buffer in slot.source_buffers():
            labels = slot.partitions.without_prefix(buffer.partition)
            state = claims.states.get(labels)
            is_left_out = state is not None and is_stuck(state, alignment)
            yield value_of(catalog.SOURCE_LEFT_OUT, is_left_out, *labels)
    hold = _time_hold(manager, slots, alignment)
    if hold is not None:
        # Of a partition that nobody has read there is no claim: at least since this worker knows it.
        since = hold.claim or manager.source_watch.sources.known_since.get(hold.partition, now)
        yield value_of(catalog.HOLD, max(0, now - since) / 1000, *hold.partition, hold.reason)


def _time_hold(manager: SlotManager, slots: list[Slot], alignment: AlignmentSettings) -> TimeHold | None:
    claims, sources = manager.control_topics.control_state.claims, manager.source_watch.sources.present
    if manager.settings.clock == "wall":
        return wall_hold(sources, claims, alignment)
    advances = [slot.probe.tick_scheduler.next_advance(slot.checkpoint) for slot in slots]
    pending = [advance for advance in advances if advance is not None]
    return events_hold(sources, claims, min(pending, key=lambda advance: advance.offset, default=None))

"""A buffer joins runs without a gap, in fetch positions, and is bounded."""

from __future__ import annotations

import pytest

from streams.errors import Internal
from streams.kafka.partitions import Partition, partition_for_key, slot_for_partition
from streams.runtime.inputs.partition_buffer import HIGH_RECORDS, AppendedRecord, FetchEnds, PartitionBuffer
from streams.runtime.inputs.slot_inputs import SlotInputs, stop_if_outside_log
from tests.harness.runtime.fake_records import enqueue_records, make_run
from tests.harness.runtime.fake_slot import JOURNAL, VISITS, FakeFlowControl


def started_buffer(next_: int = 0) -> PartitionBuffer:
    """A buffer whose partition was sought to `next_`."""
    buffer = PartitionBuffer(VISITS, committed_position=next_)
    buffer.start(token=1)
    return buffer


def test_gaps_of_control_and_compacted_records_are_legal() -> None:
    buffer = started_buffer(5)
    assert buffer.enqueue(make_run(buffer, offsets=[7, 9], next_position=12))
    assert [entry.next_position for entry in buffer.queue] == [9, 12]
    buffer.mark_committed(buffer.dequeue(10, 1 << 20))
    assert buffer.committed_position == 12


def test_a_missing_run_is_an_error() -> None:
    buffer = started_buffer()
    first = make_run(buffer, offsets=[0, 1])
    buffer.fetch_position = 5
    with pytest.raises(Internal, match="expected 5, got 0"):
        buffer.enqueue(first)


def test_a_run_with_another_token_was_fetched_before_the_last_seek() -> None:
    buffer = started_buffer()
    assert not buffer.enqueue(make_run(buffer, offsets=[0], token=7))
    assert not buffer.queue


def test_what_is_queued_is_forgotten_at_a_revocation_and_the_position_stays() -> None:
    buffer = started_buffer()
    buffer.enqueue(make_run(buffer, offsets=[0, 1, 2]))
    buffer.mark_committed(buffer.dequeue(1, 1 << 20))
    buffer.clear()
    assert (len(buffer.queue), buffer.queue_bytes, buffer.committed_position) == (0, 0, 1)
    assert not buffer.enqueue(make_run(buffer, offsets=[1], token=1))


def test_a_transaction_in_flight_at_a_revocation_still_moves_the_position() -> None:
    buffer = started_buffer()
    buffer.enqueue(make_run(buffer, offsets=[0, 1, 2]))
    records = buffer.dequeue(2, 1 << 20)
    buffer.clear()
    buffer.mark_committed(records)
    buffer.start(token=2)
    assert (buffer.committed_position, buffer.fetch_position) == (2, 2)


def test_a_transaction_takes_a_bounded_number_of_records_and_bytes() -> None:
    buffer = started_buffer()
    buffer.enqueue(make_run(buffer, offsets=list(range(10))))
    assert len(buffer.dequeue(4, 1 << 20)) == 4
    assert len(buffer.dequeue(100, 1)) == 1
    assert len(buffer.queue) == 5


def test_fetching_pauses_while_too_much_is_queued() -> None:
    flow = FakeFlowControl()
    inputs = SlotInputs(JOURNAL, flow)
    buffer = inputs.buffers[VISITS] = started_buffer()
    inputs.enqueue(VISITS, make_run(buffer, offsets=list(range(HIGH_RECORDS + 1))))
    assert flow.paused == {VISITS}
    for _ in range(3):
        inputs.mark_committed(inputs.dequeue_sources(None))
    assert flow.paused == set()


def test_a_position_outside_the_log_stops_that_partition() -> None:
    buffer = started_buffer(5)
    stop_if_outside_log(buffer, beginning=0, end=5)
    assert buffer.stop_reason is None
    stop_if_outside_log(buffer, beginning=6, end=9)
    assert buffer.stop_reason == "position 5 is outside the log, which holds 6 to 9"


def test_a_position_beyond_the_log_of_a_topic_created_again_stops_that_partition() -> None:
    buffer = started_buffer(5)
    stop_if_outside_log(buffer, beginning=0, end=2)
    assert buffer.stop_reason


def test_a_stopped_partition_is_read_on_behind_its_gap() -> None:
    buffer = started_buffer(5)
    stop_if_outside_log(buffer, beginning=7, end=9)
    buffer.skip_gap(7)
    assert (buffer.stop_reason, buffer.committed_position, buffer.taken_position) == (None, 7, 7)
    buffer.start(token=2)
    assert buffer.enqueue(make_run(buffer, offsets=[7, 8], token=2))
    buffer.mark_committed(buffer.dequeue(10, 1 << 20))
    assert buffer.committed_position == 9


def test_records_up_to_the_horizon_are_taken() -> None:
    buffer = started_buffer()
    enqueue_records(buffer, timestamps=[1_000, 2_000, 3_000])
    assert [entry.arrival for entry in buffer.dequeue(10, 1 << 20, horizon=2_000)] == [1_000, 2_000]


def appended(*offsets: int) -> list[AppendedRecord]:
    """Records that the slot appended itself."""
    return [AppendedRecord(VISITS.topic, VISITS.number, offset, b"k", b"v", ()) for offset in offsets]


def take(buffer: PartitionBuffer) -> list[int]:
    """Takes and commits all that is queued; returns the offsets."""
    records = buffer.dequeue(100, 1 << 20)
    buffer.mark_committed(records)
    return [entry.record.offset for entry in records]


def test_what_the_slot_appended_next_need_not_be_fetched() -> None:
    buffer = started_buffer(5)
    assert buffer.enqueue_appended(appended(5, 6))
    assert take(buffer) == [5, 6]
    assert buffer.committed_position == 7
    assert buffer.enqueue(make_run(buffer, offsets=[5, 6], next_position=8))
    assert (take(buffer), buffer.committed_position, buffer.taken_position) == ([], 8, 8)


def test_the_end_of_its_own_transaction_is_passed_over() -> None:
    buffer = started_buffer()
    for offset in (0, 2, 4):
        assert buffer.enqueue_appended(appended(offset))
        buffer.expect_marker(offset)
    assert take(buffer) == [0, 2, 4]
    assert buffer.enqueue(make_run(buffer, offsets=[0, 2], next_position=4))
    assert buffer.enqueue(make_run(buffer, offsets=[4, 7], next_position=9))
    assert (take(buffer), buffer.committed_position) == ([7], 9)
    assert not buffer.passed_markers


@pytest.mark.parametrize("offset", [7, 8, 9])
def test_what_stands_behind_records_of_others_is_fetched(offset: int) -> None:
    buffer = started_buffer(5)
    assert buffer.enqueue_appended(appended(5))
    if offset > 7:
        buffer.expect_marker(5)  # at 6: then 7 would be next
    assert not buffer.enqueue_appended(appended(offset))
    assert buffer.enqueue(make_run(buffer, offsets=[5, 6, offset], next_position=offset + 1))
    assert take(buffer) == [5, 6, offset]


def test_a_transaction_with_records_that_are_not_known_has_no_expected_end() -> None:
    buffer = started_buffer()
    buffer.expect_marker(3)
    assert not buffer.enqueue_appended(appended(5))


def test_a_record_where_the_end_of_a_transaction_had_to_be_is_an_error() -> None:
    buffer = started_buffer()
    assert buffer.enqueue_appended(appended(0))
    buffer.expect_marker(0)
    assert buffer.enqueue_appended(appended(2))
    with pytest.raises(Internal, match="has a record at 1, where the end of a transaction had to be"):
        buffer.enqueue(make_run(buffer, offsets=[0, 1, 2]))


def test_a_full_buffer_takes_records_by_fetches_only() -> None:
    buffer = started_buffer()
    buffer.enqueue(make_run(buffer, offsets=list(range(HIGH_RECORDS + 1))))
    assert not buffer.enqueue_appended(appended(HIGH_RECORDS + 1))


def test_after_a_revocation_what_was_appended_is_fetched_again() -> None:
    buffer = started_buffer()
    assert buffer.enqueue_appended(appended(0))
    buffer.clear()
    assert not buffer.enqueue_appended(appended(1))
    buffer.start(token=2)
    assert buffer.enqueue(make_run(buffer, offsets=[0, 1], token=2))
    assert take(buffer) == [0, 1]


def test_a_transaction_under_way_keeps_the_position_though_its_records_are_fetched_meanwhile() -> None:
    buffer = started_buffer()
    assert buffer.enqueue_appended(appended(0))
    records = buffer.dequeue(100, 1 << 20)
    assert buffer.enqueue(make_run(buffer, offsets=[0], next_position=2))
    assert buffer.committed_position == 0
    buffer.mark_committed(records)
    assert buffer.committed_position == buffer.fetch_position == 2


def test_after_a_revocation_no_end_of_a_transaction_is_expected_any_more() -> None:
    buffer = started_buffer()
    assert buffer.enqueue_appended(appended(0))
    assert take(buffer) == [0]
    buffer.expect_marker(0)
    buffer.clear()
    buffer.start(token=2)
    assert not buffer.enqueue_appended(appended(2)), "another owner may have written at 1"
    assert buffer.enqueue(make_run(buffer, offsets=[1, 2], token=2))
    assert take(buffer) == [1, 2]


def test_of_two_transactions_under_way_the_first_moves_the_position_to_its_own_end() -> None:
    buffer = started_buffer()
    buffer.enqueue(make_run(buffer, offsets=[0, 1, 2], next_position=5))
    first, second = buffer.dequeue(1, 1 << 20), buffer.dequeue(2, 1 << 20)
    buffer.mark_committed(first)
    assert (buffer.committed_position, buffer.taken_position) == (1, 5)
    buffer.mark_committed(second)
    assert buffer.committed_position == 5


def test_an_arrival_is_at_least_the_one_before_and_the_claim_and_at_most_the_clock() -> None:
    buffer = started_buffer()
    buffer.claim = 500
    enqueue_records(buffer, timestamps=[100, 1_000, 700, 9_000, -1], fetched_at=2_000)
    assert [entry.arrival for entry in buffer.queue] == [500, 1_000, 1_000, 2_000, 2_000]
    enqueue_records(buffer, timestamps=[1_500])
    assert buffer.queue[-1].arrival == 2_000


def test_a_fetch_position_of_a_former_seek_or_a_run_not_committed_says_nothing_of_the_end() -> None:
    buffer = started_buffer(5)
    ends = FetchEnds(token=1, sent_at=1, delivered_position=5, position=7, stable=7, high=7)
    assert buffer.effective_position(ends) == 7
    assert buffer.effective_position(ends._replace(token=2)) == 5
    assert buffer.effective_position(ends._replace(delivered_position=6)) == 5
    assert buffer.effective_position(None) == 5


def test_keys_go_where_kafkas_own_partitioner_puts_them() -> None:
    # Taken from kafka-clients: Utils.toPositive(Utils.murmur2(key)) % 1000.
    assert partition_for_key(b"foobar", 1_000) == (0x7FFFFFFF & -790332482) % 1_000


def test_in_topic_partitions_fold_onto_slots() -> None:
    assert [slot_for_partition(number, 4) for number in range(7)] == [0, 1, 2, 3, 0, 1, 2]
    assert Partition.parse("a:b:3") == Partition("a:b", 3)
    with pytest.raises(ValueError, match="not a partition"):
        Partition.parse("3")

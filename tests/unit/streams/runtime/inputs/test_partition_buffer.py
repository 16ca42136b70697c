"""What was fetched joins without a gap, in fetch positions, and is bounded."""

from __future__ import annotations

import pytest

from streams.errors import Internal
from streams.kafka.partitions import Partition, partition_of, slot_of
from streams.runtime.inputs.partition_buffer import HIGH_RECORDS, Feed
from streams.runtime.inputs.slot_inputs import Intake, place
from tests.harness.runtime.fake_records import fetch, run_of
from tests.harness.runtime.fake_slot import JOURNAL, VISITS, NoFlow


def started(next_: int = 0) -> Feed:
    """A feed sought to where it stands."""
    feed = Feed(VISITS, next=next_)
    feed.begin(token=1)
    return feed


def test_gaps_of_control_and_compacted_records_are_legal() -> None:
    feed = started(5)
    assert feed.offer(run_of(feed, offsets=[7, 9], next_=12))
    assert [entry.next for entry in feed.waiting] == [9, 12]
    feed.committed(feed.take(10, 1 << 20))
    assert feed.next == 12


def test_a_missing_run_is_an_error() -> None:
    feed = started()
    first = run_of(feed, offsets=[0, 1])
    feed.expected = 5
    with pytest.raises(Internal, match="expected 5, got 0"):
        feed.offer(first)


def test_a_run_with_another_token_was_fetched_before_the_last_seek() -> None:
    feed = started()
    assert not feed.offer(run_of(feed, offsets=[0], token=7))
    assert not feed.waiting


def test_what_is_queued_is_forgotten_at_a_revocation_and_the_position_stays() -> None:
    feed = started()
    feed.offer(run_of(feed, offsets=[0, 1, 2]))
    feed.committed(feed.take(1, 1 << 20))
    feed.forget()
    assert (len(feed.waiting), feed.waiting_bytes, feed.next) == (0, 0, 1)
    assert not feed.offer(run_of(feed, offsets=[1], token=1))


def test_a_transaction_in_flight_at_a_revocation_still_moves_the_position() -> None:
    feed = started()
    feed.offer(run_of(feed, offsets=[0, 1, 2]))
    taken = feed.take(2, 1 << 20)
    feed.forget()
    feed.committed(taken)
    feed.begin(token=2)
    assert (feed.next, feed.expected) == (2, 2)


def test_a_transaction_takes_a_bounded_number_of_records_and_bytes() -> None:
    feed = started()
    feed.offer(run_of(feed, offsets=list(range(10))))
    assert len(feed.take(4, 1 << 20)) == 4
    assert len(feed.take(100, 1)) == 1
    assert len(feed.waiting) == 5


def test_fetching_pauses_while_too_much_is_queued() -> None:
    flow = NoFlow()
    intake = Intake(JOURNAL, flow)
    feed = intake.feeds[VISITS] = started()
    intake.offer(VISITS, run_of(feed, offsets=list(range(HIGH_RECORDS + 1))))
    assert flow.full == {VISITS}
    for _ in range(3):
        intake.committed(intake.take_sources(None))
    assert flow.full == set()


def test_a_position_outside_the_log_stops_that_partition() -> None:
    feed = started(5)
    place(feed, beginning=0, end=5)
    assert feed.stopped is None
    place(feed, beginning=6, end=9)
    assert feed.stopped == "position 5 is outside the log, which holds 6 to 9"


def test_a_position_beyond_the_log_of_a_topic_made_anew_stops_that_partition() -> None:
    feed = started(5)
    place(feed, beginning=0, end=2)
    assert feed.stopped


def test_records_up_to_the_horizon_are_taken() -> None:
    feed = started()
    fetch(feed, timestamps=[1_000, 2_000, 3_000])
    assert [entry.arrival for entry in feed.take(10, 1 << 20, horizon=2_000)] == [1_000, 2_000]


def test_keys_go_where_kafkas_own_partitioner_puts_them() -> None:
    # Taken from kafka-clients: Utils.toPositive(Utils.murmur2(key)) % 1000.
    assert partition_of(b"foobar", 1_000) == (0x7FFFFFFF & -790332482) % 1_000


def test_in_topic_partitions_fold_onto_slots() -> None:
    assert [slot_of(number, 4) for number in range(7)] == [0, 1, 2, 3, 0, 1, 2]
    assert Partition.parse("a:b:3") == Partition("a:b", 3)
    with pytest.raises(ValueError, match="not a partition"):
        Partition.parse("3")

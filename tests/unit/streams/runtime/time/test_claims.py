"""What a claim means, when readers accept it, and how arrivals and claims depend on each other."""

from __future__ import annotations

import time

import pytest

from streams.errors import Internal
from streams.kafka.partitions import Partition
from streams.runtime.inputs.partition_buffer import FetchEnds, PartitionBuffer, clamp_timestamp
from streams.runtime.time.claim_publisher import ClaimPublisher, check_clock_skew, has_changed
from streams.runtime.time.claim_tracker import ClaimTracker, next_claim
from streams.runtime.time.claims import Claim, Claims, decode, encode
from streams.settings import Settings
from tests.harness.runtime.fake_records import enqueue_records

VISITS = Partition("web-visits", 0)
MINUTE_MS = 60_000


def test_readers_take_the_largest_claim_of_a_partition() -> None:
    claims = Claims()
    claims.add(VISITS, Claim(claim=5_000, position=7), timestamp=5_000)
    claims.add(VISITS, Claim(claim=4_000, position=5), timestamp=5_100)  # written earlier, or by a former owner
    assert claims.claim(VISITS) == 5_000
    assert claims.position(VISITS) == 7


def test_a_claim_more_than_half_a_second_ahead_of_the_broker_is_not_accepted() -> None:
    claims = Claims()
    assert claims.add(VISITS, Claim(claim=10_500, position=0), timestamp=10_000)
    assert not claims.add(VISITS, Claim(claim=10_501, position=0), timestamp=10_000)
    assert claims.claim(VISITS) == 10_500


def test_the_writer_of_a_claim_ahead_of_the_broker_ends() -> None:
    check_clock_skew([Claim(claim=10_500, position=0)], broker_time=10_000)
    with pytest.raises(Internal, match="501 ms ahead"):
        check_clock_skew([Claim(claim=10_501, position=0)], broker_time=10_000)


def test_in_a_hurry_only_what_moved_is_published() -> None:
    before = Claim(claim=10, position=1, readable=True, stood=100)
    assert has_changed(None, before)
    assert not has_changed(before, Claim(claim=10, position=1, readable=True, stood=350))
    assert has_changed(before, Claim(claim=11, position=1, readable=True))
    assert has_changed(before, Claim(claim=10, position=1, readable=False))


def test_an_owner_is_heard_of_all_its_partitions_every_quarter_second_even_in_a_hurry() -> None:
    writer = ClaimPublisher(Settings(claims_ms=250), lambda _now: {}, lambda _now: 0, lambda: None)
    claims = {VISITS: Claim(claim=10, position=1)}
    assert writer._schedule(100.0, clock=1_000) == 0.25
    assert writer._due_claims(claims, now=100.0, period=0.25) == claims
    writer._last_published.update(claims)
    assert writer._due_claims(claims, now=100.1, period=0.25) == {}
    assert writer._due_claims(claims, now=100.25, period=0.25) == claims


@pytest.mark.parametrize(("needed_in", "period", "next_round"), [(0, 0.25, 0.25), (None, 2.0, 2.0), (700, 2.0, 0.7)])
def test_claims_that_nobody_waits_for_are_published_seldom_and_again_in_time_for_what_is_due(
    needed_in: int | None, period: float, next_round: float
) -> None:
    writer = ClaimPublisher(Settings(claims_ms=250), lambda _now: {}, lambda _now: needed_in, lambda: None)
    assert writer._schedule(100.0, clock=1_000) == period
    assert writer._next_round == pytest.approx(100.0 + next_round)


def test_what_falls_due_before_the_next_round_brings_it_forward() -> None:
    needed_in: list[int | None] = [None]
    writer = ClaimPublisher(Settings(claims_ms=250), lambda _now: {}, lambda _now: needed_in[0], lambda: None)
    writer._schedule(time.monotonic(), clock=1_000)
    writer.review_need()
    assert not writer._wake.is_set()
    needed_in[0] = 300
    writer.review_need()
    assert writer._wake.is_set()


def test_claims_have_waiter_for_a_second_after_a_worker_said_so() -> None:
    claims = Claims()
    claims.add(VISITS, Claim(claim=1, position=0), timestamp=5_000)
    assert not claims.have_waiter()
    claims.add(VISITS, Claim(claim=1, position=0, waits=True), timestamp=5_100)
    assert claims.have_waiter()
    claims.add(VISITS, Claim(claim=1, position=0), timestamp=6_100)
    assert not claims.have_waiter()


def test_the_brokers_time_is_the_newest_timestamp_on_the_claims_topic() -> None:
    claims = Claims()
    claims.add(VISITS, Claim(claim=1, position=0), timestamp=2_000)
    claims.add(Partition("web-visits", 1), Claim(claim=1, position=0), timestamp=1_000)
    assert claims.broker_time == 2_000


def test_a_claim_is_what_it_was_when_it_is_read_again() -> None:
    claim = Claim(
        claim=1,
        position=2,
        stable=3,
        high=4,
        readable=True,
        stood=5,
        stuck=6,
        stopped="gone",
        worker="w",
        waits=True,
    )
    assert decode(encode(claim)) == claim


def test_a_record_arrives_with_its_timestamp_but_never_before_the_one_before_it() -> None:
    buffer = started_buffer()
    enqueue_records(buffer, timestamps=[1_000, 900, 1_100])
    assert [entry.arrival for entry in buffer.queue] == [1_000, 1_000, 1_100]


def test_a_record_arrives_at_the_claim_of_its_partition_at_the_earliest() -> None:
    buffer = started_buffer()
    buffer.claim = 2_000
    enqueue_records(buffer, timestamps=[1_000, 2_500])
    assert [entry.arrival for entry in buffer.queue] == [2_000, 2_500]


def test_a_record_arrives_when_it_was_fetched_at_the_latest() -> None:
    buffer = started_buffer()
    enqueue_records(buffer, timestamps=[9_000_000_000, -1], fetched_at=5_000)
    assert [entry.arrival for entry in buffer.queue] == [5_000, 5_000]


def test_a_record_of_an_old_format_without_a_timestamp_arrives_when_it_was_fetched() -> None:
    assert clamp_timestamp(None, fetched_at=5_000) == 5_000


def test_a_claim_is_the_smallest_arrival_fetched_and_not_committed() -> None:
    buffer = started_buffer()
    enqueue_records(buffer, timestamps=[1_000, 2_000])
    assert next_claim(buffer, None) == 1_000
    records = buffer.dequeue(1, 1 << 20)
    assert next_claim(buffer, None) == 1_000  # in flight is not committed
    buffer.mark_committed(records)
    assert next_claim(buffer, None) == 2_000


def test_an_idle_partitions_claim_is_the_moment_of_the_fetch_that_found_it_read() -> None:
    buffer = started_buffer()
    assert next_claim(buffer, ends(buffer, sent=7_000, position=0, stable=0, high=0)) == 7_000


def test_control_records_at_the_end_do_not_keep_a_partition_from_being_idle() -> None:
    buffer = started_buffer()
    enqueue_records(buffer, timestamps=[1_000])
    buffer.mark_committed(buffer.dequeue(1, 1 << 20))
    read_ends = ends(
        buffer,
        sent=7_000,
        position=buffer.committed_position + 1,
        stable=buffer.committed_position + 1,
        high=buffer.committed_position + 1,
    )
    assert next_claim(buffer, read_ends) == 7_000
    assert buffer.effective_position(read_ends) == buffer.committed_position + 1


def test_a_partition_with_an_open_transaction_behind_its_stable_end_is_not_idle() -> None:
    buffer = started_buffer()
    assert next_claim(buffer, ends(buffer, sent=7_000, position=0, stable=0, high=3)) == 0


def test_a_partition_with_records_under_way_to_the_slot_is_not_idle() -> None:
    buffer = started_buffer()
    in_delivery = ends(buffer, sent=7_000, position=2, stable=2, high=2)._replace(delivered_position=2)
    assert next_claim(buffer, in_delivery) == 0


def test_a_claim_never_goes_back() -> None:
    buffer = started_buffer()
    buffer.claim = 9_000
    enqueue_records(buffer, timestamps=[1_000])
    assert next_claim(buffer, None) == 9_000


def test_a_new_owner_inherits_the_claim_and_its_idle_time() -> None:
    claims = Claims()
    former = Claim(claim=3_000, position=0, stable=2, high=5, readable=True, stood=40_000, stuck=50_000)
    claims.add(VISITS, former, timestamp=60_000)
    buffer, tracker = started_buffer(), ClaimTracker("w1")
    tracker.inherit(buffer, VISITS, claims)
    enqueue_records(buffer, timestamps=[1_000])  # its arrival becomes the claim
    tracker.update_claim(buffer, VISITS, {}, claims, now=70_000)
    later = tracker.update_claim(buffer, VISITS, {}, claims, now=71_000)
    assert (later.claim, later.stood, later.stuck, later.worker) == (3_000, 41_000, 50_000, "w1")
    assert (later.stable, later.high) == (2, 5)  # from the former owner's claim


def test_what_comes_back_to_a_former_owner_was_not_stuck_while_another_read_it() -> None:
    tracker, claims = ClaimTracker("w1"), Claims()
    before = started_buffer()
    tracker.inherit(before, VISITS, claims)
    blocked = {VISITS: ends(before, sent=0, position=0, stable=0, high=5)}
    tracker.update_claim(before, VISITS, blocked, claims, now=0)
    others = Claim(claim=MINUTE_MS, position=5, stable=5, high=8, readable=True, worker="w2")
    claims.add(VISITS, others, timestamp=MINUTE_MS)
    back = started_buffer(committed_position=5)
    tracker.inherit(back, VISITS, claims)
    first = tracker.update_claim(back, VISITS, {}, claims, now=20 * MINUTE_MS)
    assert (first.claim, first.stuck, first.stood) == (MINUTE_MS, 0, 0)
    assert (first.stable, first.high) == (5, 8)


def test_the_time_without_a_move_of_the_stable_end_is_counted_over_owners() -> None:
    claims = Claims()
    claims.add(VISITS, Claim(claim=0, position=0, stable=0, high=5, stuck=50_000), timestamp=60_000)
    buffer, tracker = started_buffer(), ClaimTracker("w1")
    blocked = ends(buffer, sent=70_000, position=0, stable=0, high=5)
    tracker.update_claim(buffer, VISITS, {VISITS: blocked}, claims, now=70_000)
    still_blocked = {VISITS: blocked._replace(sent_at=71_000)}
    later = tracker.update_claim(buffer, VISITS, still_blocked, claims, now=71_000)
    assert later.stuck == 51_000
    assert not later.readable
    later_ends = {VISITS: ends(buffer, sent=72_000, position=0, stable=5, high=5)}
    assert tracker.update_claim(buffer, VISITS, later_ends, claims, now=72_000).stuck == 0


def test_a_worker_that_was_frozen_has_not_seen_the_stable_end_stand_still() -> None:
    buffer, tracker, claims = started_buffer(), ClaimTracker("w1"), Claims()
    blocked = {VISITS: ends(buffer, sent=0, position=0, stable=0, high=5)}
    tracker.update_claim(buffer, VISITS, blocked, claims, now=0)
    assert tracker.update_claim(buffer, VISITS, blocked, claims, now=20 * MINUTE_MS).stuck == 0
    later = {VISITS: ends(buffer, sent=20 * MINUTE_MS, position=0, stable=0, high=5)}
    assert tracker.update_claim(buffer, VISITS, later, claims, now=20 * MINUTE_MS).stuck == 20 * MINUTE_MS


def test_a_stable_end_without_records_behind_it_does_not_stand_still() -> None:
    buffer, tracker, claims = started_buffer(), ClaimTracker("w1"), Claims()
    empty = {VISITS: ends(buffer, sent=0, position=0, stable=0, high=0)}
    tracker.update_claim(buffer, VISITS, empty, claims, now=0)
    opened = {VISITS: ends(buffer, sent=20 * MINUTE_MS, position=0, stable=0, high=5)}
    assert tracker.update_claim(buffer, VISITS, opened, claims, now=20 * MINUTE_MS).stuck == 0


def test_before_its_first_fetch_a_partition_may_hold_anything() -> None:
    buffer, tracker, claims = started_buffer(), ClaimTracker("w1"), Claims()
    assert tracker.update_claim(buffer, VISITS, {}, claims, now=10_000).readable
    empty = {VISITS: ends(buffer, sent=10_000, position=0, stable=0, high=0)}
    assert not tracker.update_claim(buffer, VISITS, empty, claims, now=10_000).readable


def test_the_idle_time_of_a_readable_partition_is_counted() -> None:
    buffer, tracker, claims = started_buffer(), ClaimTracker("w1"), Claims()
    enqueue_records(buffer, timestamps=[1_000])
    tracker.update_claim(buffer, VISITS, {}, claims, now=10_000)
    assert tracker.update_claim(buffer, VISITS, {}, claims, now=13_000).stood == 3_000
    buffer.mark_committed(buffer.dequeue(1, 1 << 20))
    read_ends = {VISITS: ends(buffer, sent=14_000, position=1, stable=1, high=1)}
    assert tracker.update_claim(buffer, VISITS, read_ends, claims, now=14_000).stood == 0


def started_buffer(committed_position: int = 0) -> PartitionBuffer:
    """A buffer whose partition was just sought to its committed position."""
    buffer = PartitionBuffer(VISITS, committed_position=committed_position)
    buffer.start(token=1)
    return buffer


def ends(buffer: PartitionBuffer, sent: int, position: int, stable: int, high: int) -> FetchEnds:
    """A fetch answer; everything delivered is committed."""
    return FetchEnds(buffer.token or 0, sent, buffer.committed_position, position, stable, high)

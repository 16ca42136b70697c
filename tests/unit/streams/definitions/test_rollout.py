"""How far a release has come, as its records in the journal tell."""

from __future__ import annotations

from streams.definitions.rollout import Rollout
from streams.engine.journal.records import BackfilledState, Marker, Proposal, Slice, Tick
from streams.store.journal_follower import JournalUpdate

NOTHING_KEPT = BackfilledState(0, {}, {})


def proposed(partition: int, number: int = 2, account: str = "default") -> JournalUpdate:
    return JournalUpdate(proposals=[(partition, Proposal(account, number, number, "", 1))])


def decides(partition: int, number: int = 2, account: str = "default") -> JournalUpdate:
    return JournalUpdate(markers=[(partition, Marker(account, number, number, "", None, 1))])


def told(partition: int, contacts: int, number: int = 2) -> JournalUpdate:
    kept = {f"c{each}": NOTHING_KEPT for each in range(contacts)}
    return JournalUpdate(slices=[(partition, Slice("default", number, kept))])


def test_a_release_is_proposed_counted_and_decides_partition_by_partition() -> None:
    arrival = Rollout("default", 2, range(3))
    assert arrival.feed(proposed(0))
    assert arrival.feed(proposed(1))
    assert arrival.feed(told(0, 40))
    assert arrival.feed(decides(0))
    assert (arrival.pending_partitions, arrival.backfilling_partitions, arrival.active_partitions) == ({2}, {1}, {0})
    assert arrival.progress_text() == ("release 2: counting in 1 of 3 (the past of 40 contacts told), deciding in")
    assert not arrival.is_over
    arrival.feed(decides(1))
    arrival.feed(decides(2))
    assert arrival.is_over
    assert arrival.result_text() == "release 2 decides in 3 of 3 partitions, the past of 40 contacts told"


def test_a_slice_is_a_sign_of_progress_and_so_is_time_where_it_is_counted() -> None:
    arrival = Rollout("default", 2, range(2))
    arrival.feed(proposed(0))
    assert arrival.feed(told(0, 1))
    assert arrival.feed(JournalUpdate(ticks=[(0, Tick(5))]))
    assert not arrival.feed(JournalUpdate(ticks=[(1, Tick(5))])), (
        "nothing of it came there: a tick makes up for no marker"
    )


def test_what_belongs_to_other_releases_is_no_sign_of_this_one() -> None:
    arrival = Rollout("default", 2, range(2))
    for seen in (proposed(0, 1), told(0, 3, 1), decides(0, 1), proposed(0, 3, "other"), decides(0, 3, "other")):
        assert not arrival.feed(seen)
    assert arrival.pending_partitions == {0, 1}
    assert arrival.superseding_number is None


def test_a_newer_release_ends_the_waiting_where_this_one_does_not_decide_yet() -> None:
    arrival = Rollout("default", 2, range(2))
    arrival.feed(decides(0))
    arrival.feed(proposed(1))
    assert not arrival.feed(decides(0, 3)), "it decided there already"
    assert arrival.feed(proposed(1, 3))
    assert arrival.is_over
    assert arrival.to_dict() == {
        "partitions": 2, "decides_in": 1, "counted_in": 1, "slices": 0, "contacts_told": 0, "superseded_by": 3,
    }  # fmt: skip
    assert arrival.result_text().endswith("release 3 came in its place before it decided in the others")


def test_what_is_missing_is_said_by_its_kind() -> None:
    arrival = Rollout("default", 2, range(4))
    arrival.feed(proposed(1))
    arrival.feed(decides(0))
    text = arrival.timeout_text(60)
    assert "1 of 4 journal partitions are counting its past and told nothing for 60 s" in text
    assert "2 of 4 journal partitions did not take it within 60 s; is a worker running?" in text

"""How far a release has come, as its records in the journal tell."""

from __future__ import annotations

from streams.definitions.rollout import Arrival
from streams.engine.journal.records import Kept, Marker, Proposal, Slice, Tick
from streams.store.journal_follower import Seen

NOTHING_KEPT = Kept(0, {}, {})


def proposed(partition: int, number: int = 2, account: str = "default") -> Seen:
    return Seen(proposals=[(partition, Proposal(account, number, number, "", 1))])


def decides(partition: int, number: int = 2, account: str = "default") -> Seen:
    return Seen(markers=[(partition, Marker(account, number, number, "", None, 1))])


def told(partition: int, contacts: int, number: int = 2) -> Seen:
    kept = {f"c{each}": NOTHING_KEPT for each in range(contacts)}
    return Seen(slices=[(partition, Slice("default", number, kept))])


def test_a_release_is_proposed_counted_and_decides_partition_by_partition() -> None:
    arrival = Arrival("default", 2, range(3))
    assert arrival.see(proposed(0))
    assert arrival.see(proposed(1))
    assert arrival.see(told(0, 40))
    assert arrival.see(decides(0))
    assert (arrival.waiting, arrival.counting, arrival.deciding) == ({2}, {1}, {0})
    assert arrival.text() == ("release 2: counting in 1 of 3 (the past of 40 contacts told), deciding in")
    assert not arrival.is_over
    arrival.see(decides(1))
    arrival.see(decides(2))
    assert arrival.is_over
    assert arrival.ended() == "release 2 decides in 3 of 3 partitions, the past of 40 contacts told"


def test_a_slice_is_a_sign_of_progress_and_so_is_time_where_it_is_counted() -> None:
    arrival = Arrival("default", 2, range(2))
    arrival.see(proposed(0))
    assert arrival.see(told(0, 1))
    assert arrival.see(Seen(ticks=[(0, Tick(5))]))
    assert not arrival.see(Seen(ticks=[(1, Tick(5))])), "nothing of it came there: a tick makes up for no marker"


def test_what_belongs_to_other_releases_is_no_sign_of_this_one() -> None:
    arrival = Arrival("default", 2, range(2))
    for seen in (proposed(0, 1), told(0, 3, 1), decides(0, 1), proposed(0, 3, "other"), decides(0, 3, "other")):
        assert not arrival.see(seen)
    assert arrival.waiting == {0, 1}
    assert arrival.newer is None


def test_a_newer_release_ends_the_waiting_where_this_one_does_not_decide_yet() -> None:
    arrival = Arrival("default", 2, range(2))
    arrival.see(decides(0))
    arrival.see(proposed(1))
    assert not arrival.see(decides(0, 3)), "it decided there already"
    assert arrival.see(proposed(1, 3))
    assert arrival.is_over
    assert arrival.described() == {
        "partitions": 2, "decides_in": 1, "counted_in": 1, "slices": 0, "contacts_told": 0, "superseded_by": 3,
    }  # fmt: skip
    assert arrival.ended().endswith("release 3 came in its place before it decided in the others")


def test_what_is_missing_is_said_by_its_kind() -> None:
    arrival = Arrival("default", 2, range(4))
    arrival.see(proposed(1))
    arrival.see(decides(0))
    text = arrival.missing(60)
    assert "1 of 4 journal partitions are counting its past and told nothing for 60 s" in text
    assert "2 of 4 journal partitions did not take it within 60 s; is a worker running?" in text

"""The progress of a release, from its records in the journal."""

from __future__ import annotations

from streams.definitions.rollout import Rollout
from streams.engine.journal.records import BackfilledState, Marker, Proposal, Slice, Tick
from streams.store.journal_follower import JournalUpdate

EMPTY_STATE = BackfilledState(0, {}, {})


def proposal(partition: int, number: int = 2, account: str = "default") -> JournalUpdate:
    return JournalUpdate(proposals=[(partition, Proposal(account, number, number, "", 1))])


def marker(partition: int, number: int = 2, account: str = "default") -> JournalUpdate:
    return JournalUpdate(markers=[(partition, Marker(account, number, number, "", None, 1))])


def history_slice(partition: int, contacts: int, number: int = 2) -> JournalUpdate:
    states = {f"c{index}": EMPTY_STATE for index in range(contacts)}
    return JournalUpdate(slices=[(partition, Slice("default", number, states))])


def test_a_release_is_proposed_counted_and_decides_partition_by_partition() -> None:
    rollout = Rollout("default", 2, range(3))
    assert rollout.feed(proposal(0))
    assert rollout.feed(proposal(1))
    assert rollout.feed(history_slice(0, 40))
    assert rollout.feed(marker(0))
    assert (rollout.pending_partitions, rollout.backfilling_partitions, rollout.active_partitions) == ({2}, {1}, {0})
    assert rollout.progress_text() == ("release 2: counting in 1 of 3 (the past of 40 contacts told), deciding in")
    assert not rollout.is_over
    rollout.feed(marker(1))
    rollout.feed(marker(2))
    assert rollout.is_over
    assert rollout.result_text() == "release 2 decides in 3 of 3 partitions, the past of 40 contacts told"


def test_a_slice_is_progress_and_so_is_a_tick_in_a_back_fill() -> None:
    rollout = Rollout("default", 2, range(2))
    rollout.feed(proposal(0))
    assert rollout.feed(history_slice(0, 1))
    assert rollout.feed(JournalUpdate(ticks=[(0, Tick(5))]))
    assert not rollout.feed(JournalUpdate(ticks=[(1, Tick(5))])), (
        "no record of it is there: a tick does not replace a marker"
    )


def test_records_of_other_releases_are_no_progress() -> None:
    rollout = Rollout("default", 2, range(2))
    for update in (
        proposal(0, 1),
        history_slice(0, 3, 1),
        marker(0, 1),
        proposal(0, 3, "other"),
        marker(0, 3, "other"),
    ):
        assert not rollout.feed(update)
    assert rollout.pending_partitions == {0, 1}
    assert rollout.superseding_number is None


def test_a_newer_release_ends_the_wait_where_this_one_does_not_decide_yet() -> None:
    rollout = Rollout("default", 2, range(2))
    rollout.feed(marker(0))
    rollout.feed(proposal(1))
    assert not rollout.feed(marker(0, 3)), "it decided there already"
    assert rollout.feed(proposal(1, 3))
    assert rollout.is_over
    assert rollout.to_dict() == {
        "partitions": 2, "decides_in": 1, "counted_in": 1, "slices": 0, "contacts_told": 0, "superseded_by": 3,
    }  # fmt: skip
    assert rollout.result_text().endswith("release 3 came in its place before it decided in the others")


def test_a_timeout_names_what_is_missing() -> None:
    rollout = Rollout("default", 2, range(4))
    rollout.feed(proposal(1))
    rollout.feed(marker(0))
    text = rollout.timeout_text(60)
    assert "1 of 4 journal partitions are counting its past and told nothing for 60 s" in text
    assert "2 of 4 journal partitions did not take it within 60 s; is a worker running?" in text

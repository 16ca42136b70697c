"""The errors that the benchmarks find."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from benchmarks.figures import LatencyStats
from benchmarks.live_edit.definitions import initial
from benchmarks.live_edit.edits import EDITS, select_edits
from benchmarks.live_edit.observer import ObservedChange
from benchmarks.live_edit.verification import members_at, verify_changes, verify_members, verify_table
from benchmarks.time_exits.contacts import ExitPlan
from benchmarks.time_exits.observer import ExitObserver, ObservedExit, verify_exits
from streams.engine.validation import validate_definitions

PLAN = ExitPlan(contacts=3, loading_start=0, first_due=60_000, spread=0)


def change(contact: str, segment: str, entered: bool, at: int, offset: int = 0) -> ObservedChange:
    return ObservedChange(contact, segment, entered, at, (0, offset))


def exits(**ats: int) -> ExitObserver:
    """Returns an observer for which all contacts entered, and these left at their instants (ms)."""
    observed = [ObservedExit(name, PLAN.segment(int(name[1:])), at, "clock", at, at) for name, at in ats.items()]
    return ExitObserver(dict.fromkeys(("c0", "c1", "c2"), 1), observed, entry_count=3)


def test_exits_at_their_instants_are_right() -> None:
    assert not verify_exits(exits(c0=60_000, c1=60_000, c2=60_000), PLAN)


def test_an_exit_a_millisecond_off_is_wrong() -> None:
    assert verify_exits(exits(c0=60_000, c1=60_001, c2=60_000), PLAN) == {"left at another instant": 1}


def test_a_missing_exit_is_wrong() -> None:
    assert verify_exits(exits(c0=60_000, c1=60_000), PLAN) == {"contacts that did not leave": 1}


def test_a_repeated_exit_is_wrong() -> None:
    observer = exits(c0=60_000, c1=60_000, c2=60_000)
    observer.exits.append(observer.exits[0])
    assert verify_exits(observer, PLAN) == {"left too often": 1}


def test_entering_twice_is_wrong() -> None:
    changes = [change("a", "s", True, 1), change("a", "s", True, 2)]
    assert verify_changes({0: changes}) == {"told twice: s": 1}


def test_leaving_without_having_entered_is_wrong() -> None:
    assert verify_changes({0: [change("a", "s", False, 1)]}) == {"told twice: s": 1}


def test_time_that_goes_back_for_one_contact_is_wrong() -> None:
    changes = [change("a", "s", True, 5), change("b", "s", True, 4), change("a", "s", False, 4)]
    assert verify_changes({0: changes}) == {"at goes back": 1}


def test_members_are_those_at_a_position_in_the_journal() -> None:
    changes = {0: [change("a", "s", True, 1, 10), change("b", "s", True, 2, 11), change("a", "s", False, 3, 12)]}
    assert members_at(changes, {0: 11}) == {("s", "a"), ("s", "b")}
    assert members_at(changes, {0: 12}) == {("s", "b")}


def test_members_that_a_fresh_start_does_not_have_are_stale() -> None:
    members, expected = {("s", "a"), ("t", "a")}, {("t", "a"), ("t", "b")}
    assert verify_members(members, expected) == {"stale member of s": 1, "missing member of t": 1}


def test_a_table_without_a_row_is_wrong() -> None:
    rows = [SimpleNamespace(key=b"default/s/a", value=msgspec.json.encode({"segment": "s", "contact": "a"}))]
    changes = {0: [change("a", "s", True, 1), change("b", "s", True, 1)]}
    assert verify_table({0: rows}, changes) == {"rows of the table that differ from the changes": 1}
    tombstone = SimpleNamespace(key=b"default/s/a", value=None)
    assert not verify_table({0: [*rows, tombstone]}, {})


def test_every_edit_is_sound_and_changes_something() -> None:
    document = initial()
    assert not validate_definitions(document).problems
    for edit in EDITS:
        before = document
        documents = edit.apply_both(before) if edit.superseded else (edit.apply(before),)
        for document in documents:
            assert not validate_definitions(document).problems, edit.kind
            assert document != before, edit.kind


def test_edits_are_selected_by_the_start_of_their_kinds() -> None:
    assert [edit.kind for edit in select_edits(["pause"])] == ["pause", "pause for good", "pause a campaign"]
    with pytest.raises(ValueError, match="no kind of edit begins with nothing"):
        select_edits(["nothing"])


def test_the_99th_percentile_is_what_99_of_100_do_not_exceed() -> None:
    spread = LatencyStats.from_values([float(each) for each in range(1, 201)])
    assert (spread.count, spread.p50, spread.p99, spread.most) == (200, 100.0, 198.0, 200.0)

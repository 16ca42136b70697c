"""Finds errors in what was observed: memberships that a fresh start does not have, and repeated changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from benchmarks.live_edit.observer import ObservedChange
from benchmarks.live_edit.reference_run import Members


def verify_changes(changes: Mapping[int, Sequence[ObservedChange]]) -> Counter[str]:
    """Counts changes that do not alternate between entering and leaving, or whose `at` goes back for a contact."""
    wrong: Counter[str] = Counter()
    inside: Members = set()
    last: dict[str, int] = {}
    for change in _all_changes(changes):
        member = (change.segment, change.contact)
        if change.entered == (member in inside):
            wrong[f"told twice: {change.segment}"] += 1
        _apply_change(inside, change)
        wrong["at goes back"] += change.at < last.get(change.contact, change.at)
        last[change.contact] = change.at
    return +wrong


def members_at(changes: Mapping[int, Sequence[ObservedChange]], offsets: Mapping[int, int]) -> Members:
    """Returns the members after each journal partition is decided up to its offset, inclusive."""
    inside: Members = set()
    for change in _all_changes(changes):
        partition, offset = change.position
        if offset <= offsets[partition]:
            _apply_change(inside, change)
    return inside


def verify_table(table: Mapping[int, Sequence[Any]], changes: Mapping[int, Sequence[ObservedChange]]) -> Counter[str]:
    """Counts the differences between the table `segment-members` and the result of the changes."""
    rows = {record.key: record.value for partition in table.values() for record in partition}
    members = {_parse_member(value) for value in rows.values() if value is not None}
    inside: Members = set()
    for change in _all_changes(changes):
        _apply_change(inside, change)
    return +Counter({"rows of the table that differ from the changes": len(members ^ inside)})


def verify_members(actual: Members, expected: Members) -> Counter[str]:
    """Counts, by segment, stale and missing members."""
    wrong: Counter[str] = Counter()
    wrong.update(f"stale member of {segment}" for segment, _ in actual - expected)
    wrong.update(f"missing member of {segment}" for segment, _ in expected - actual)
    return wrong


def _all_changes(changes: Mapping[int, Sequence[ObservedChange]]) -> Iterable[ObservedChange]:
    """Yields the changes of one partition after the other; all changes of a contact are in one."""
    return (change for partition in changes.values() for change in partition)


def _apply_change(members: Members, change: ObservedChange) -> None:
    member = (change.segment, change.contact)
    if change.entered:
        members.add(member)
    else:
        members.discard(member)


def _parse_member(value: bytes) -> tuple[str, str]:
    row = msgspec.json.decode(value)
    return row["segment"], row["contact"]

"""What is wrong with what was seen: memberships that are not a fresh start's, and changes told twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from benchmarks.live_edit.observer import ObservedChange
from benchmarks.live_edit.reference_run import Members


def verify_changes(changes: Mapping[int, Sequence[ObservedChange]]) -> Counter[str]:
    """A contact enters and leaves a segment in turn, and its `at` never goes back."""
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
    """Who was a member when each journal partition was decided up to its place, inclusive."""
    inside: Members = set()
    for change in _all_changes(changes):
        partition, offset = change.position
        if offset <= offsets[partition]:
            _apply_change(inside, change)
    return inside


def verify_table(table: Mapping[int, Sequence[Any]], changes: Mapping[int, Sequence[ObservedChange]]) -> Counter[str]:
    """The table of members says what the changes come to."""
    rows = {record.key: record.value for partition in table.values() for record in partition}
    found = {_parse_member(value) for value in rows.values() if value is not None}
    inside: Members = set()
    for change in _all_changes(changes):
        _apply_change(inside, change)
    return +Counter({"rows of the table that differ from the changes": len(found ^ inside)})


def verify_members(actual: Members, expected: Members) -> Counter[str]:
    """By segment, how many are members and should not be, or the other way round."""
    wrong: Counter[str] = Counter()
    wrong.update(f"stale member of {segment}" for segment, _ in actual - expected)
    wrong.update(f"missing member of {segment}" for segment, _ in expected - actual)
    return wrong


def _all_changes(changes: Mapping[int, Sequence[ObservedChange]]) -> Iterable[ObservedChange]:
    """Partition by partition: a contact's changes are all in one."""
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

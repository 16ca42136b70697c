"""What is wrong with what was seen: memberships that are not a fresh start's, and changes told twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from benchmarks.live_edit.observer import Change
from benchmarks.live_edit.reference_run import Members


def judge_stream(changes: Mapping[int, Sequence[Change]]) -> Counter[str]:
    """A contact enters and leaves a segment in turn, and its `at` never goes back."""
    wrong: Counter[str] = Counter()
    inside: Members = set()
    last: dict[str, int] = {}
    for change in _all(changes):
        member = (change.segment, change.contact)
        if change.entered == (member in inside):
            wrong[f"told twice: {change.segment}"] += 1
        _follow(inside, change)
        wrong["at goes back"] += change.at < last.get(change.contact, change.at)
        last[change.contact] = change.at
    return +wrong


def members_at(changes: Mapping[int, Sequence[Change]], places: Mapping[int, int]) -> Members:
    """Who was a member when each journal partition was decided up to its place, inclusive."""
    inside: Members = set()
    for change in _all(changes):
        partition, offset = change.place
        if offset <= places[partition]:
            _follow(inside, change)
    return inside


def judge_table(table: Mapping[int, Sequence[Any]], changes: Mapping[int, Sequence[Change]]) -> Counter[str]:
    """The table of members says what the changes come to."""
    rows = {record.key: record.value for partition in table.values() for record in partition}
    found = {_member(value) for value in rows.values() if value is not None}
    inside: Members = set()
    for change in _all(changes):
        _follow(inside, change)
    return +Counter({"rows of the table that differ from the changes": len(found ^ inside)})


def judge_members(found: Members, expected: Members) -> Counter[str]:
    """By segment, how many are members and should not be, or the other way round."""
    wrong: Counter[str] = Counter()
    wrong.update(f"stale member of {segment}" for segment, _ in found - expected)
    wrong.update(f"missing member of {segment}" for segment, _ in expected - found)
    return wrong


def _all(changes: Mapping[int, Sequence[Change]]) -> Iterable[Change]:
    """Partition by partition: a contact's changes are all in one."""
    return (change for partition in changes.values() for change in partition)


def _follow(inside: Members, change: Change) -> None:
    member = (change.segment, change.contact)
    if change.entered:
        inside.add(member)
    else:
        inside.discard(member)


def _member(value: bytes) -> tuple[str, str]:
    row = msgspec.json.decode(value)
    return row["segment"], row["contact"]

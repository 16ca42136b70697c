"""Counts visits and activities in `Contact.counts`, within a limit for each counter and one for all of them."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Protocol

from streams.engine.conditions.activities.filter_index import FilterIndex
from streams.engine.conditions.own_score import OWN_SCORE_KEY
from streams.engine.conditions.protocols import Activity, ActivityCounter
from streams.engine.state.contact import Contact
from streams.engine.state.limits import MAX_COUNTER_VALUES

LIMIT_FLAG_PREFIX = "bound:"
"""The prefix of a leaf's key among a contact's flags."""


class CountedContact(Protocol):
    """What counting changes of a contact: `counts` and `flags` as in `Contact`."""

    counts: dict[str, list[int]]
    flags: list[str]


def count_activity(
    contact: Contact, filter_index: FilterIndex, activity: Activity, now: int, *, is_too_late: bool
) -> Iterable[str]:
    """Counts an event in every counter that it matches. Returns the keys of these counters."""
    matched = filter_index.matching(activity)
    if not matched:
        return ()
    if is_too_late:
        matched = [counter for counter in matched if not counter.drops_late]
    count_matches(contact, matched, activity, now)
    return [counter.key for counter in matched]


def count_matches(contact: CountedContact, matched: Iterable[ActivityCounter], activity: Activity, now: int) -> None:
    """Counts an event in these counters, which it matches."""
    counts = contact.counts
    for counter in matched:
        key = counter.key
        state = counts[key] = counter.update(counts.get(key, []), activity, now)
        if counter.lossy and len(state) >= counter.limit:
            flag_limit(contact, counter)


def adjusts_own_score(fields: Container[str]) -> bool:
    """Whether a `score.adjusted` with these fields is about the contact's own score, not that of one lead and not a
    named one.
    """
    return "campaign" not in fields and "score" not in fields


def count_own_score(contact: CountedContact, counters: Iterable[ActivityCounter], at: int, now: int) -> None:
    """Counts that the own score was adjusted at the instant `at` (ms), where a leaf asks whether it ever was."""
    for counter in counters:
        if counter.key == OWN_SCORE_KEY:
            adjustment = Activity(at, "score.adjusted", False, {})
            contact.counts[counter.key] = counter.update(contact.counts.get(counter.key, []), adjustment, now)


def exceeds_limit(contact: CountedContact) -> bool:
    """Whether the contact has more numbers in its counters than its row may hold."""
    return sum(map(len, contact.counts.values())) > MAX_COUNTER_VALUES


def enforce_limit(contact: CountedContact, counters: Iterable[ActivityCounter]) -> Iterable[str]:
    """Halves the longest lists until the contact's row fits into a record. Returns the keys of the shortened ones."""
    counts = contact.counts
    total = sum(map(len, counts.values()))
    if total <= MAX_COUNTER_VALUES:
        return ()
    by_key = {counter.key: counter for counter in counters if counter.key in counts}
    shortened: list[str] = []
    while by_key and total > MAX_COUNTER_VALUES:
        longest = by_key[max(by_key, key=lambda key: (len(counts[key]), key))]
        newer_half = longest.drop_older_half(counts[longest.key])
        if len(newer_half) == len(counts[longest.key]):
            break
        total -= len(counts[longest.key]) - len(newer_half)
        counts[longest.key] = newer_half
        shortened.append(longest.key)
        flag_limit(contact, longest)
    return shortened


def discard_counters(contact: Contact, keys: Container[str]) -> None:
    """Deletes the counts of all other keys, and the flags that say that these reached their limit."""
    for key in [key for key in contact.counts if key not in keys]:
        del contact.counts[key]
    if contact.flags:
        contact.flags = [name for name in contact.flags if name.removeprefix(LIMIT_FLAG_PREFIX) in keys]


def flag_limit(contact: CountedContact, counter: ActivityCounter) -> None:
    """Flags that the contact reached a limit of the counter."""
    name = LIMIT_FLAG_PREFIX + counter.key
    if name not in contact.flags:
        contact.flags = [*contact.flags, name]

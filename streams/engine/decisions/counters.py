"""What leaves on visits and activities keep of a contact: each within its bound, all of them together within one."""

from __future__ import annotations

from collections.abc import Container, Iterable

from streams.engine.conditions.protocols import Activity, ActivityCounter
from streams.engine.state.contact import Contact
from streams.engine.state.limits import MAX_COUNTER_VALUES

LIMIT_FLAG_PREFIX = "bound:"
"""Put before the key of a leaf in a contact's flags."""


def count_activity(
    contact: Contact, counters: Iterable[ActivityCounter], activity: Activity, now: int, *, is_too_late: bool
) -> Iterable[str]:
    """Counts an event wherever it matches, and says where it did, by key."""
    matched = [
        counter for counter in counters if counter.matches(activity) and not (counter.drops_late and is_too_late)
    ]
    for counter in matched:
        kept = contact.counts.get(counter.key, [])
        contact.counts[counter.key] = counted = counter.update(kept, activity, now)
        if counter.lossy and len(counted) >= counter.limit:
            flag_limit(contact, counter)
    return [counter.key for counter in matched]


def enforce_limit(contact: Contact, counters: Iterable[ActivityCounter]) -> Iterable[str]:
    """The longest of these lists forget their older half until a row with all that is kept fits into a record; says
    which.
    """
    counts = contact.counts
    total = sum(map(len, counts.values()))
    if total <= MAX_COUNTER_VALUES:
        return ()
    by_key = {counter.key: counter for counter in counters if counter.key in counts}
    shortened = []
    while by_key and total > MAX_COUNTER_VALUES:
        longest = by_key[max(by_key, key=lambda key: (len(counts[key]), key))]
        kept = longest.drop_older_half(counts[longest.key])
        if len(kept) == len(counts[longest.key]):
            break
        total -= len(counts[longest.key]) - len(kept)
        counts[longest.key] = kept
        shortened.append(longest.key)
        flag_limit(contact, longest)
    return shortened


def discard_counters(contact: Contact, keys: Container[str]) -> None:
    """Nothing is kept under other keys any more, nor is it said that those reached a bound."""
    for key in [key for key in contact.counts if key not in keys]:
        del contact.counts[key]
    contact.flags = [name for name in contact.flags if name.removeprefix(LIMIT_FLAG_PREFIX) in keys]


def flag_limit(contact: Contact, counter: ActivityCounter) -> None:
    """The contact reached a bound."""
    name = LIMIT_FLAG_PREFIX + counter.key
    if name not in contact.flags:
        contact.flags.append(name)

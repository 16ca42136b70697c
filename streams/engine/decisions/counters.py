"""What leaves on visits and activities keep of a contact: each within its bound, all of them together within one."""

from __future__ import annotations

from collections.abc import Container, Iterable

from streams.engine.conditions.protocols import Counter, Happening
from streams.engine.state.contact import Contact
from streams.engine.state.limits import MOST_COUNTED

BOUND = "bound:"
"""Put before the key of a leaf in a contact's flags."""


def count(
    contact: Contact, counters: Iterable[Counter], happening: Happening, now: int, *, too_late: bool
) -> Iterable[str]:
    """Counts an event wherever it matches, and says where it did, by key."""
    matched = [counter for counter in counters if counter.matches(happening) and not (counter.on_time and too_late)]
    for counter in matched:
        kept = contact.counts.get(counter.key, [])
        contact.counts[counter.key] = counted = counter.count(kept, happening, now)
        if counter.lossy and len(counted) >= counter.bound:
            flag(contact, counter)
    return [counter.key for counter in matched]


def shorten(contact: Contact, counters: Iterable[Counter]) -> Iterable[str]:
    """The longest of these lists forget their older half until a row with all that is kept fits into a record; says
    which.
    """
    counts = contact.counts
    total = sum(map(len, counts.values()))
    if total <= MOST_COUNTED:
        return ()
    by_key = {counter.key: counter for counter in counters if counter.key in counts}
    shortened = []
    while by_key and total > MOST_COUNTED:
        longest = by_key[max(by_key, key=lambda key: (len(counts[key]), key))]
        kept = longest.forget(counts[longest.key])
        if len(kept) == len(counts[longest.key]):
            break
        total -= len(counts[longest.key]) - len(kept)
        counts[longest.key] = kept
        shortened.append(longest.key)
        flag(contact, longest)
    return shortened


def drop(contact: Contact, kept: Container[str]) -> None:
    """Nothing is kept under other keys any more, nor is it said that those reached a bound."""
    for key in [key for key in contact.counts if key not in kept]:
        del contact.counts[key]
    contact.flags = [name for name in contact.flags if name.removeprefix(BOUND) in kept]


def flag(contact: Contact, counter: Counter) -> None:
    """The contact reached a bound."""
    name = BOUND + counter.key
    if name not in contact.flags:
        contact.flags.append(name)

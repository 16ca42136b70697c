"""What leaves on visits and activities keep of a contact: each within its bound, all of them together within one."""

from __future__ import annotations

from streams.engine.bounds import MOST_COUNTED
from streams.engine.conditions.contract import Counter, Happening
from streams.engine.contact import Contact
from streams.engine.turn import Turn


def count(turn: Turn, happening: Happening) -> None:
    """Counts an event wherever it matches."""
    contact, counters = turn.contact, turn.release.counters
    for counter in counters:
        if counter.matches(happening) and not (counter.on_time and turn.too_late):
            _count(contact, counter, happening, turn.now)
            turn.changes.counters.add(counter.key)
    if sum(map(len, contact.counts.values())) > MOST_COUNTED:
        _shorten(turn)


def _count(contact: Contact, counter: Counter, happening: Happening, now: int) -> None:
    kept = contact.counts.get(counter.key, [])
    contact.counts[counter.key] = counted = counter.count(kept, happening, now)
    if counter.lossy and len(counted) >= counter.bound:
        _flag(contact, counter)


def _shorten(turn: Turn) -> None:
    """The longest lists forget their older half until a row with all of them fits into a record."""
    contact, counts = turn.contact, turn.contact.counts
    counters = {counter.key: counter for counter in turn.release.counters}
    total = sum(map(len, counts.values()))
    while total > MOST_COUNTED:
        longest = counters[max(counts, key=lambda key: (len(counts[key]), key))]
        kept = longest.forget(counts[longest.key])
        if len(kept) == len(counts[longest.key]):
            return
        total -= len(counts[longest.key]) - len(kept)
        counts[longest.key] = kept
        turn.changes.counters.add(longest.key)
        _flag(contact, longest)


def _flag(contact: Contact, counter: Counter) -> None:
    flag = f"bound:{counter.key}"
    if flag not in contact.flags:
        contact.flags.append(flag)

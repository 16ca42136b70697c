"""Recognizes repeated events by the ids applied recently: a repeat changes nothing (SPEC section 3)."""

from __future__ import annotations

from streams.engine.settings import DuplicateWindow
from streams.engine.state.contact import Contact


def is_repeat(contact: Contact, event_id: str, clock: int, duplicate_window: DuplicateWindow) -> bool:
    """Returns whether the contact, whose clock is `clock` before the event, applied that id in the window."""
    oldest = clock - duplicate_window.duration
    for applied_id, applied in contact.applied:  # noqa: SIM110 - a plain loop is faster: it runs for every event
        if applied_id == event_id and applied >= oldest:
            return True
    return False


def remember_id(contact: Contact, event_id: str, duplicate_window: DuplicateWindow) -> None:
    """Remembers the id of an applied event, and drops the ids that have left the window."""
    oldest = contact.clock - duplicate_window.duration
    applied = contact.applied
    applied.append((event_id, contact.clock))
    first = max(len(applied) - duplicate_window.max_ids, 0)
    while applied[first][1] < oldest:  # clocks never go back, so the oldest come first
        first += 1
    if first:
        del applied[:first]

"""Event ids applied lately: a repeat changes nothing (SPEC section 3)."""

from __future__ import annotations

from streams.engine.settings import DuplicateWindow
from streams.engine.state.contact import Contact


def is_repeat(contact: Contact, event_id: str, clock: int, duplicate_window: DuplicateWindow) -> bool:
    """Whether the contact, whose clock is `clock` before the event, applied that id lately."""
    oldest = clock - duplicate_window.duration
    for known, applied in contact.applied:  # noqa: SIM110 - a plain loop: every record of a contact comes by here
        if known == event_id and applied >= oldest:
            return True
    return False


def remember_id(contact: Contact, event_id: str, duplicate_window: DuplicateWindow) -> None:
    """Keeps the id of an event just applied, and drops those that no repeat can meet any more."""
    oldest = contact.clock - duplicate_window.duration
    applied = contact.applied
    applied.append((event_id, contact.clock))
    first = max(len(applied) - duplicate_window.max_ids, 0)
    while applied[first][1] < oldest:  # clocks never go back, so the oldest come first
        first += 1
    del applied[:first]

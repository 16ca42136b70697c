"""Recognizes repeated events by the ids applied recently: a repeat changes nothing (SPEC section 3)."""

from __future__ import annotations

from streams.engine.settings import DuplicateWindow
from streams.engine.state.contact import Contact, applied_ids

CHUNKS_VERSION = 4
"""From this engine version on, older ids stand beside the row (applied_ids.py). An engine that knows only the version
before cannot read such a row; it refuses a partition decided by this version anyway (docs/upgrading.md).
"""


def is_repeat(contact: Contact, event_id: str, clock: int, duplicate_window: DuplicateWindow) -> bool:
    """Returns whether the contact, whose clock is `clock` before the event, applied that id in the window."""
    ids = contact.ids or applied_ids(contact)
    return ids.contains(event_id, clock - duplicate_window.duration, duplicate_window.max_ids)


def remember_id(
    contact: Contact, event_id: str, duplicate_window: DuplicateWindow, *, in_chunks: bool = False
) -> None:
    """Remembers the id of an applied event; ids that have left the window may be dropped.

    `in_chunks`: older ids leave the row as chunks, which the contact's store has to write.
    """
    clock, ids = contact.clock, contact.ids or applied_ids(contact)
    ids.append(event_id, clock, clock - duplicate_window.duration, duplicate_window.max_ids, in_chunks=in_chunks)

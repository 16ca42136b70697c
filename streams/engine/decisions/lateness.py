"""Late events: which ones correct the past, and which come too late for conditions on order (SPEC section 6)."""

from __future__ import annotations

from streams.engine.journal.records import JournalEvent

TYPES_COUNTED_LATE = frozenset({"web.visited", "activity.recorded", "score.adjusted"})
"""Types that count at their `at` even when late; every other type takes effect at the contact's clock."""


def corrects_past(event: JournalEvent, clock: int) -> bool:
    """Whether a late event changes the past of its contact; its outputs are marked `late`. `clock` is in ms."""
    return event.at < clock and event.type in TYPES_COUNTED_LATE


def is_too_late(at: int, now: int, lateness: int) -> bool:
    """Whether `sequence`, `first` and `last` ignore an event of the instant `at`; all in ms.

    All other conditions count it at `at`, however late it is: each counter sorts the instants that it keeps.
    """
    return now - at > lateness

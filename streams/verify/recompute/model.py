"""All that is known of one contact at a place in the journal; instants are ms since the epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Heard = Callable[["HistoryActivity"], bool]
PlainCondition = dict[str, Any]
"""A condition as definitions write it; durations as text or as ms."""


@dataclass
class HistoryActivity:
    """A visit or activity of the history."""

    at: int
    fields: dict[str, Any] = field(default_factory=dict)
    name: str = "visit"
    is_visit: bool = True
    is_too_late: bool = False
    """It came later than `lateness`."""
    offset: int = 0
    """Its place in the journal."""


@dataclass
class ModelLead:
    """A lead in a campaign."""

    created: int
    status: str = "active"
    points: float = 0


@dataclass
class ContactModel:
    """A contact with its whole history."""

    properties: dict[str, Any] = field(default_factory=dict)
    property_types: dict[str, str] = field(default_factory=dict)
    """Declared and standard types of properties."""
    activities: list[HistoryActivity] = field(default_factory=list)
    """In the journal's order."""
    created: int = 0
    zone: str = "UTC"
    status: str = "active"
    score: float = 0
    scores: dict[str, float] = field(default_factory=dict)
    score_millionths: dict[str | None, int] = field(default_factory=dict)
    """What the scores add up to exactly; None: the contact's own."""
    members: set[str] = field(default_factory=set)
    """Segments it is a member of, as far as that is known yet."""
    leads: dict[str, ModelLead] = field(default_factory=dict)
    current_campaign: str = ""
    """The campaign whose lead is at hand."""
    property_history: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """(since when they are so, all the properties), in the journal's order; before the first there are none."""
    matching_cache: dict[int, tuple[PlainCondition, int, list[HistoryActivity]]] = field(default_factory=dict)
    """By identity in memory: a filter, how many events it was asked of, and those that match."""


@dataclass
class FixedMemberships:
    """Memberships that follow from what was commanded or decided once, not from the history as it stands."""

    listed: set[str] = field(default_factory=set)
    """Static segments."""
    frozen: dict[str, bool] = field(default_factory=dict)
    """Paused segment -> whether the contact was in it when it was paused, and was not deleted since."""

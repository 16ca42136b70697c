"""Everything about one contact at an offset of the journal; instants are ms since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas.engine_versions import NEWEST_VERSION

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
    """Whether it came later than `lateness`."""
    offset: int = 0
    """Its offset in the journal."""


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
    engine_version: int = NEWEST_VERSION
    """That of the release whose conditions are evaluated."""
    status: str = "active"
    score: float = 0
    scores: dict[str, float] = field(default_factory=dict)
    score_millionths: dict[str | None, int] = field(default_factory=dict)
    """Name of a score (None: the contact's own) -> its exact sum."""
    members: set[str] = field(default_factory=set)
    """The segments computed so far."""
    leads: dict[str, ModelLead] = field(default_factory=dict)
    current_campaign: str = ""
    """The campaign whose rules are evaluated now."""
    property_history: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """Pairs (instant from which on, all properties), in the journal's order."""
    matching_cache: dict[int, tuple[PlainCondition, int, list[HistoryActivity]]] = field(default_factory=dict)
    """`id()` of a filter -> (the filter, how many events were tested, the events that match)."""


@dataclass
class FixedMemberships:
    """Memberships that come from a command or an earlier decision, not from evaluating the history."""

    listed: set[str] = field(default_factory=set)
    """Static segments."""
    frozen: dict[str, bool] = field(default_factory=dict)
    """Paused segment -> whether the contact was in it when it was paused, and was not deleted since."""

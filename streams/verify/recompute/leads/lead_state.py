"""The state of a lead while its history is recomputed."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from streams.verify.recompute.leads.decay import decay_points, points_from_millionths, round_points

OPEN_STATUSES = ("active", "duplicate")
"""Statuses in which a lead takes points and automation, and decays."""

RuleKey = tuple[str, str]
"""`scoring` or `automation`, and the rule's id."""


@dataclass
class RecomputedLeadRow:
    """The row of a lead in the table `leads`, as of the last instant at which the lead changed."""

    at: int
    status: str
    points: float
    created: int
    changed: int
    crm: dict[str, Any]


@dataclass(frozen=True)
class RecomputedNotice:
    """A notice that a rule sends, with the lead as the rule leaves it; instants in ms."""

    at: int
    campaign: str
    rule: str
    name: str
    status: str
    points: float
    created: int
    """When the lead was made."""


@dataclass(frozen=True)
class RecomputedHandOver:
    """A record of `qualified-leads`: a lead as it is handed over, or as it is told of later; instants in ms."""

    at: int
    campaign: str
    status: str
    points: float
    created: int
    """When the lead was made."""
    record: str | None
    """The CRM's record of the contact, where it is known."""
    snapshot: dict[str, Any]
    """Status, properties and scores of the contact."""
    occasions: tuple[str, ...] = ()
    """What happened to the lead after its hand-over; empty for a hand-over, and where only consent is told."""
    is_kept_back: bool = False
    is_update: bool = False
    """Whether it is told after the hand-over."""
    is_opted_out: bool = False
    """Whether it tells the CRM that the contact may not be handed over any more."""


@dataclass
class LeadState:
    """A lead from its creation on; instants in ms."""

    created: int
    changed: int
    decayed_to: int
    """The instant that `points` are decayed to."""
    status: str = "active"
    points: Decimal = Decimal(0)
    """Millionths; exact while an instant is being settled, rounded afterwards."""
    ended_by: str = ""
    """Why a deleted lead is deleted: `person`, `cascade` or `leave`."""
    in_audience: bool = False
    """Whether the contact was in the campaign's audience at the last evaluation."""
    truths: dict[RuleKey, bool] = field(default_factory=dict)
    """Rule -> whether its condition was true at the last evaluation."""
    awards: dict[str, list[int]] = field(default_factory=dict)
    """Scoring rule with a cap -> instants (ms) at which it gave points."""
    crm: dict[str, Any] = field(default_factory=dict)
    row: RecomputedLeadRow | None = None

    @property
    def is_open(self) -> bool:
        """Whether it takes points and automation."""
        return self.status in OPEN_STATUSES

    def points_at(self, now: int, half_life: int | None) -> float:
        """Its points at an instant, as conditions see them."""
        return points_from_millionths(
            round_points(decay_points(self.points, now - self.decayed_to, half_life if self.is_open else None))
        )

    def decay_to(self, now: int, half_life: int | None) -> None:
        """Decays the points to now."""
        if not self.is_open or half_life is None or now <= self.decayed_to:
            return
        self.points = decay_points(self.points, now - self.decayed_to, half_life)
        self.decayed_to = now

"""Defines a campaign that is ready to decide: its rules are compiled, its period is instants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from schemas.definitions import AutomationRule, Campaign, ScoringRule
from streams.engine.conditions.protocols import ActivityCounter, CompiledCondition
from streams.engine.state.points import PointBounds

AutomationAction = Literal[
    "set_status",
    "add_points",
    "set_points",
    "add_to_segment",
    "remove_from_segment",
    "add_to_campaign",
    "remove_from_campaign",
    "notify",
]
"""A key of a rule's `then`."""


@dataclass(frozen=True, slots=True)
class CompiledScoring:
    """A scoring rule; `points` in millionths, `is_time_dependent`: whether time alone may change its condition.

    `key` names the rule in `Lead.truths`, where rules of both kinds are.
    """

    id: str
    key: str
    condition: CompiledCondition
    rule: ScoringRule
    points: int
    is_time_dependent: bool
    activity_filter: ActivityCounter | None
    """Of a rule whose condition is only a filter on visits or activities: that filter."""


@dataclass(frozen=True, slots=True)
class CompiledAutomation:
    """An automation rule; points in millionths, `is_time_dependent` as of `CompiledScoring`."""

    id: str
    condition: CompiledCondition
    rule: AutomationRule
    actions: tuple[AutomationAction, ...]
    """What the rule does, in the order of its release's engine version."""
    add_points: int
    """0 where it adds none."""
    set_points: int
    """0 where it sets none: `actions` says whether it does."""
    is_time_dependent: bool


@dataclass(frozen=True, slots=True)
class CompiledCampaign:
    """A campaign; its period in ms, `start` inclusive, `end` exclusive, None where it is open."""

    id: str
    definition: Campaign
    start: int | None
    end: int | None
    scoring: tuple[CompiledScoring, ...]
    automation: tuple[CompiledAutomation, ...]
    thresholds: tuple[int, ...]
    """Points (millionths) that conditions compare its leads with."""
    points_between: PointBounds | None
    scores_before_lead: bool
    """Whether a late activity from before the lead was made scores, as it did before engine version 4."""
    description: dict[str, Any]
    """The campaign as hand-overs have it: `id`, `name`, `salesforce`."""

    def is_in_period(self, now: int) -> bool:
        """Returns whether it has started and is not over."""
        return (self.start is None or self.start <= now) and (self.end is None or now < self.end)

    def is_running(self, now: int) -> bool:
        """Returns whether it takes new leads and runs automation."""
        return not self.definition.paused and self.is_in_period(now)

"""Defines a release that is ready to decide: its conditions are compiled, its periods are instants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.definitions import AutomationRule, Campaign, PropertyType, ScoringRule
from schemas.engine_versions import OLDEST_VERSION, EngineVersion
from streams.engine.conditions.activities.filter_index import NO_FILTERS, FilterIndex
from streams.engine.conditions.protocols import ActivityCounter, CompiledCondition, EvaluationContext, HeldState
from streams.engine.graph.held_timers import HeldIndex
from streams.engine.graph.segment_graph import EMPTY_GRAPH, SegmentGraph
from streams.engine.releases.deciding_leaves import LazyExplainer, status_leaves
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
class CompiledSegment:
    """A segment; `condition` and `explainer` are None for a static one."""

    id: str
    dynamic: bool
    paused: bool
    statuses: frozenset[str]
    condition: CompiledCondition | None
    explainer: LazyExplainer | None

    def holds(self, context: EvaluationContext) -> bool:
        """Returns whether the contact is a member by its status and by list or condition."""
        if context.contact.status not in self.statuses:
            return False
        if self.condition is None:
            return self.id in context.contact.listed
        return self.condition.node.holds(context)

    def deciding_leaves(self, context: EvaluationContext, is_inside: bool) -> bytes:
        """The JSON list of the leaves that decided the membership, empty for none.

        The status alone where it excludes the contact; none for a static segment.
        """
        if context.contact.status not in self.statuses:
            return status_leaves(self.statuses)
        return self.explainer.deciding_leaves(context, is_inside) if self.explainer else b""


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


@dataclass(frozen=True, slots=True)
class CompiledRelease:
    """Everything that a decision needs of an account's definitions; number 0 is the empty release."""

    account: str
    number: int
    properties: Mapping[str, PropertyType] = field(default_factory=dict)
    """Declared properties."""
    segments: tuple[CompiledSegment, ...] = ()
    """In dependency order: those that others refer to come first, else as in the definitions."""
    segments_by_id: Mapping[str, CompiledSegment] = field(default_factory=dict)
    segment_graph: SegmentGraph = EMPTY_GRAPH
    campaigns: tuple[CompiledCampaign, ...] = ()
    campaigns_by_id: Mapping[str, CompiledCampaign] = field(default_factory=dict)
    counters: tuple[ActivityCounter, ...] = ()
    filter_index: FilterIndex = NO_FILTERS
    """The index over `counters`."""
    tracks_own_score: bool = False
    """Whether one of the counters is that of the contact's own score."""
    held_states: tuple[HeldState, ...] = ()
    held_index: HeldIndex = field(default_factory=HeldIndex)
    engine_version: EngineVersion = OLDEST_VERSION
    """The version that decides; an account without definitions has the oldest."""
    has_contact_rows: bool = False
    """Whether its engine version writes rows of `contacts`."""


def empty_release(account: str) -> CompiledRelease:
    """The release of an account without definitions: contacts are stored and nothing is decided."""
    return CompiledRelease(account, 0)

"""Defines a release that is ready to decide: its conditions are compiled, its periods are instants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.definitions import PropertyType
from schemas.engine_versions import OLDEST_VERSION, EngineVersion
from streams.engine.conditions.activities.filter_index import NO_FILTERS, FilterIndex
from streams.engine.conditions.protocols import ActivityCounter, CompiledCondition, EvaluationContext, HeldState
from streams.engine.graph.held_timers import HeldIndex
from streams.engine.graph.segment_graph import EMPTY_GRAPH, SegmentGraph
from streams.engine.releases.campaign_index import CampaignIndex
from streams.engine.releases.compiled_campaigns import CompiledCampaign
from streams.engine.releases.compiled_mapping import NO_MAPPING, CompiledMapping
from streams.engine.releases.deciding_leaves import LazyExplainer, status_leaves


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


@dataclass(frozen=True, slots=True, weakref_slot=True)
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
    campaign_index: CampaignIndex = field(default_factory=CampaignIndex)
    mapping: CompiledMapping = NO_MAPPING
    """What decisions need of the mapping to the CRM."""
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
    counter_keys: frozenset[str] = field(init=False)
    """The keys of `counters`."""
    static_segments: tuple[CompiledSegment, ...] = field(init=False)
    """Those of `segments` that list their members."""
    has_own_instants: bool = field(init=False)
    """Whether time turns more than segments and campaigns: a leaf with `held_for`, or consent."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "static_segments", tuple(each for each in self.segments if not each.dynamic))
        object.__setattr__(self, "has_own_instants", bool(self.held_states) or self.mapping.is_consent_timed)
        object.__setattr__(self, "counter_keys", frozenset(counter.key for counter in self.counters))


def empty_release(account: str) -> CompiledRelease:
    """The release of an account without definitions: contacts are stored and nothing is decided."""
    return CompiledRelease(account, 0)

"""Compiles checked definitions into a release that is ready to decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from schemas.conditions import Condition
from schemas.definitions import AutomationRule, Campaign, Definitions, ScoringRule, Segment
from schemas.engine_versions import EngineVersion
from schemas.time_zones import require_zone
from schemas.values import to_millionths
from streams.engine.conditions.activities.filter_index import FilterIndex
from streams.engine.conditions.compile import compile_condition, conjunction_of
from streams.engine.conditions.dates.zones import day_start
from streams.engine.conditions.own_score import OWN_SCORE_KEY
from streams.engine.conditions.protocols import ActivityCounter, CompiledCondition, CompileScope, HeldState
from streams.engine.graph.conjuncts import split_conjuncts
from streams.engine.graph.held_timers import HeldIndex
from streams.engine.graph.inputs import inputs_of
from streams.engine.graph.segment_graph import GraphSegment, SegmentGraph
from streams.engine.releases.campaign_index import CampaignIndex
from streams.engine.releases.compiled import CompiledRelease, CompiledSegment
from streams.engine.releases.compiled_campaigns import (
    AutomationAction,
    CompiledAutomation,
    CompiledCampaign,
    CompiledScoring,
)
from streams.engine.releases.compiled_mapping import compile_mapping
from streams.engine.releases.conditions import (
    build_compile_scope,
    release_conditions,
    rule_owner,
    segment_owner,
    stateful_conditions,
)
from streams.engine.releases.deciding_leaves import LazyExplainer, compile_explainer
from streams.engine.releases.thresholds import lead_thresholds, own_thresholds
from streams.engine.state.points import PointBounds
from streams.engine.version import CONTACTS_VERSION

_Conditions = Mapping[str, CompiledCondition]
"""By owner, as `OwnedCondition` names it."""

SCORING_KEY = "scoring/"
"""The prefix of a scoring rule's id in `Lead.truths`; slugs have no slash, so it never collides with another id."""

_STATUS_FIRST: tuple[AutomationAction, ...] = (
    "set_status",
    "add_points",
    "add_to_segment",
    "remove_from_segment",
    "add_to_campaign",
    "remove_from_campaign",
)
_POINTS_FIRST: tuple[AutomationAction, ...] = (
    "add_points",
    "set_points",
    "add_to_segment",
    "remove_from_segment",
    "add_to_campaign",
    "remove_from_campaign",
    "set_status",
    "notify",
)
_ACTION_ORDER: Mapping[EngineVersion, tuple[AutomationAction, ...]] = MappingProxyType(
    {3: _STATUS_FIRST, 4: _POINTS_FIRST}
)
"""Engine version -> the order of a rule's actions. With the status first, a lead that it closes gets no points."""

_EARLY_ACTIVITIES_SCORE: Mapping[EngineVersion, bool] = MappingProxyType({3: True, 4: False})
"""Engine version -> whether a late activity from before the lead was made scores."""


def compile_release(definitions: Definitions, number: int) -> CompiledRelease:
    """The release of valid definitions. Raises ConditionRefused for definitions that were not validated."""
    scope = build_compile_scope(definitions)
    compiler = _PartCompiler(scope)
    conditions = {each.owner: compiler.compile_whole(each.condition) for each in release_conditions(definitions)}
    stateful = [conditions[each.owner] for each in stateful_conditions(definitions)]
    segments = _sort_by_dependency([_compile_segment(each, conditions, compiler) for each in definitions.segments])
    campaigns = tuple(_compile_campaign(campaign, definitions, conditions) for campaign in definitions.campaigns)
    counters = _unique_counters(stateful)
    held_states = _unique_held_states(stateful)
    return CompiledRelease(
        account=definitions.account,
        number=number,
        properties=definitions.properties,
        segments=segments,
        segments_by_id={segment.id: segment for segment in segments},
        segment_graph=_build_graph(segments, definitions, compiler),
        campaigns=campaigns,
        campaigns_by_id={campaign.id: campaign for campaign in campaigns},
        campaign_index=CampaignIndex(campaigns),
        mapping=compile_mapping(definitions, conditions),
        counters=counters,
        filter_index=FilterIndex(counters),
        tracks_own_score=any(counter.key == OWN_SCORE_KEY for counter in counters),
        held_states=held_states,
        held_index=HeldIndex(held_states),
        engine_version=definitions.engine_version,
        has_contact_rows=definitions.engine_version >= CONTACTS_VERSION,
    )


def _compile_segment(segment: Segment, conditions: _Conditions, compiler: _PartCompiler) -> CompiledSegment:
    condition = segment.when if segment.dynamic else None
    compiled = conditions.get(segment_owner(segment.id))
    return CompiledSegment(
        id=segment.id,
        dynamic=segment.dynamic,
        paused=segment.paused,
        statuses=frozenset(segment.statuses),
        condition=compiled,
        explainer=None if condition is None else _lazy_explainer(condition, compiler),
    )


class _PartCompiler:
    """Compiles each conjunct once: for its whole condition, for the graph, and for the leaves that decided."""

    def __init__(self, scope: CompileScope) -> None:
        self.scope = scope
        self._compiled: dict[int, tuple[Condition, CompiledCondition]] = {}  # by the identity of the condition

    def compile_whole(self, condition: Condition) -> CompiledCondition:
        return conjunction_of([self.compile_part(part) for part in split_conjuncts(condition)])

    def compile_part(self, part: Condition) -> CompiledCondition:
        entry = self._compiled.get(id(part))
        if entry is None:
            entry = self._compiled[id(part)] = (part, compile_condition(part, self.scope))
        return entry[1]


def _build_graph(
    segments: tuple[CompiledSegment, ...], definitions: Definitions, compiler: _PartCompiler
) -> SegmentGraph:
    conditions = {segment.id: segment.when for segment in definitions.segments if segment.dynamic}
    return SegmentGraph(
        [
            GraphSegment(segment.id, segment.statuses, segment.paused, conditions.get(segment.id))
            for segment in segments
        ],
        compiler.compile_part,
        compiler.scope.property_types,
        compiler.scope.engine_version,
    )


def _lazy_explainer(condition: Condition, compiler: _PartCompiler) -> LazyExplainer:
    return LazyExplainer(lambda: compile_explainer(condition, lambda leaf: compiler.compile_part(leaf).node))


def _sort_by_dependency(segments: list[CompiledSegment]) -> tuple[CompiledSegment, ...]:
    """Sorts depth first, without recursion: chains of segments may be longer than Python's stack."""
    rank = {segment.id: index for index, segment in enumerate(segments)}
    ordered: dict[str, CompiledSegment] = {}
    waiting = segments[::-1]
    while waiting:
        segment = waiting[-1]
        references = segment.condition.segments if segment.condition else frozenset()
        missing = sorted((rank[name] for name in references if name in rank and name not in ordered), reverse=True)
        if missing and segment.id not in ordered:
            waiting.extend(segments[index] for index in missing)
            continue
        ordered.setdefault(segment.id, segment)
        waiting.pop()
    return tuple(ordered.values())


def _compile_campaign(campaign: Campaign, definitions: Definitions, conditions: _Conditions) -> CompiledCampaign:
    period = campaign.period
    salesforce = campaign.salesforce
    description: dict[str, Any] = {"id": campaign.id, "name": campaign.name or campaign.id}
    if salesforce is not None:
        description["salesforce"] = salesforce.model_dump(mode="json", exclude_none=True)
    thresholds = lead_thresholds(definitions, campaign.id) | own_thresholds(campaign)
    return CompiledCampaign(
        id=campaign.id,
        definition=campaign,
        start=None if period is None else _midnight(period.from_, definitions.time_zone),
        end=None if period is None else _midnight(period.to, definitions.time_zone),
        scoring=tuple(
            _compile_scoring_rule(rule, conditions[rule_owner(campaign.id, rule.id)]) for rule in campaign.scoring
        ),
        automation=tuple(
            _compile_automation_rule(
                rule, conditions[rule_owner(campaign.id, rule.id)], _ACTION_ORDER[definitions.engine_version]
            )
            for rule in campaign.automation
        ),
        thresholds=tuple(sorted(thresholds)),
        points_between=_compile_bounds(campaign.points_between),
        scores_before_lead=_EARLY_ACTIVITIES_SCORE[definitions.engine_version],
        description=description,
    )


def _midnight(day: date | None, zone: str) -> int | None:
    return None if day is None else day_start(require_zone(zone), day.toordinal())


def _compile_bounds(bounds: tuple[float, float] | None) -> PointBounds | None:
    return None if bounds is None else (to_millionths(bounds[0]), to_millionths(bounds[1]))


def _compile_scoring_rule(rule: ScoringRule, condition: CompiledCondition) -> CompiledScoring:
    return CompiledScoring(
        id=rule.id,
        key=SCORING_KEY + rule.id,
        condition=condition,
        rule=rule,
        points=to_millionths(rule.points),
        is_time_dependent=inputs_of(rule.when, condition).is_time_dependent,
        activity_filter=condition.counters[0] if condition.is_filter_only else None,
    )


def _compile_automation_rule(
    rule: AutomationRule, condition: CompiledCondition, order: tuple[AutomationAction, ...]
) -> CompiledAutomation:
    return CompiledAutomation(
        id=rule.id,
        condition=condition,
        is_time_dependent=inputs_of(rule.when, condition).is_time_dependent,
        rule=rule,
        actions=tuple(action for action in order if getattr(rule.then, action) is not None),
        add_points=to_millionths(rule.then.add_points or 0),
        set_points=to_millionths(rule.then.set_points or 0),
    )


def _unique_counters(conditions: Iterable[CompiledCondition]) -> tuple[ActivityCounter, ...]:
    """Each counter once: leaves that count the same share one counter."""
    counters: dict[str, ActivityCounter] = {}
    for condition in conditions:
        for counter in condition.counters:
            counters.setdefault(counter.key, counter)
    return tuple(counters.values())


def _unique_held_states(conditions: Iterable[CompiledCondition]) -> tuple[HeldState, ...]:
    """Each held state once."""
    return tuple({state.key: state for condition in conditions for state in condition.held_states}.values())

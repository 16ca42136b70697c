"""Compiles checked definitions into a release that is ready to decide."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from schemas.conditions import Condition
from schemas.definitions import STANDARD_PROPERTIES, AutomationRule, Campaign, Definitions, ScoringRule, Segment
from schemas.time_zones import require_zone
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.dates.zones import day_start
from streams.engine.conditions.protocols import ActivityCounter, CompiledCondition, CompileScope, HeldState
from streams.engine.releases.compiled import (
    CompiledAutomation,
    CompiledCampaign,
    CompiledRelease,
    CompiledScoring,
    CompiledSegment,
)
from streams.engine.releases.deciding_leaves import LazyExplainer, compile_explainer
from streams.engine.releases.inputs import inputs_of
from streams.engine.releases.segment_index import SegmentIndex
from streams.engine.releases.thresholds import lead_thresholds, own_thresholds
from streams.engine.state.points import to_millionths

SCORING_KEY = "scoring/"
"""The prefix of a scoring rule's id in `Lead.truths`; slugs have no slash, so it never collides with another id."""


def compile_release(definitions: Definitions, number: int) -> CompiledRelease:
    """The release of valid definitions. Raises ConditionRefused for definitions that were not validated."""
    scope = CompileScope(definitions.time_zone, {**STANDARD_PROPERTIES, **definitions.properties})
    segments = _sort_by_dependency([_compile_segment(segment, scope) for segment in definitions.segments])
    campaigns = tuple(_compile_campaign(campaign, definitions, scope) for campaign in definitions.campaigns)
    return CompiledRelease(
        account=definitions.account,
        number=number,
        properties=definitions.properties,
        segments=segments,
        segments_by_id={segment.id: segment for segment in segments},
        segment_index=SegmentIndex([(segment.id, segment.inputs) for segment in segments]),
        campaigns=campaigns,
        campaigns_by_id={campaign.id: campaign for campaign in campaigns},
        counters=_unique_counters(segments, campaigns),
        held_states=_unique_held_states(segments, campaigns),
    )


def _compile_segment(segment: Segment, scope: CompileScope) -> CompiledSegment:
    condition = segment.when if segment.dynamic else None
    compiled = None if condition is None else compile_condition(condition, scope)
    return CompiledSegment(
        id=segment.id,
        dynamic=segment.dynamic,
        paused=segment.paused,
        statuses=frozenset(segment.statuses),
        condition=compiled,
        inputs=None if condition is None or compiled is None else inputs_of(condition, compiled),
        explainer=None if condition is None else _lazy_explainer(condition, scope),
    )


def _lazy_explainer(condition: Condition, scope: CompileScope) -> LazyExplainer:
    return LazyExplainer(lambda: compile_explainer(condition, lambda leaf: compile_condition(leaf, scope).node))


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


def _compile_campaign(campaign: Campaign, definitions: Definitions, scope: CompileScope) -> CompiledCampaign:
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
        scoring=tuple(_compile_scoring_rule(rule, scope) for rule in campaign.scoring),
        automation=tuple(_compile_automation_rule(rule, scope) for rule in campaign.automation),
        thresholds=tuple(sorted(thresholds)),
        description=description,
    )


def _midnight(day: date | None, zone: str) -> int | None:
    return None if day is None else day_start(require_zone(zone), day.toordinal())


def _compile_scoring_rule(rule: ScoringRule, scope: CompileScope) -> CompiledScoring:
    condition = compile_condition(rule.when, scope)
    return CompiledScoring(
        id=rule.id,
        key=SCORING_KEY + rule.id,
        condition=condition,
        rule=rule,
        points=to_millionths(rule.points),
        is_time_dependent=inputs_of(rule.when, condition).is_time_dependent,
        activity_filter=condition.counters[0] if condition.is_filter_only else None,
    )


def _compile_automation_rule(rule: AutomationRule, scope: CompileScope) -> CompiledAutomation:
    condition = compile_condition(rule.when, scope)
    return CompiledAutomation(
        id=rule.id,
        condition=condition,
        is_time_dependent=inputs_of(rule.when, condition).is_time_dependent,
        rule=rule,
        add_points=to_millionths(rule.then.add_points or 0),
    )


def _unique_counters(
    segments: tuple[CompiledSegment, ...], campaigns: tuple[CompiledCampaign, ...]
) -> tuple[ActivityCounter, ...]:
    """Each counter once: identical leaves share one state."""
    counters: dict[str, ActivityCounter] = {}
    for compiled in _stateful_conditions(segments, campaigns):
        for counter in compiled.counters:
            counters.setdefault(counter.key, counter)
    return tuple(counters.values())


def _unique_held_states(
    segments: tuple[CompiledSegment, ...], campaigns: tuple[CompiledCampaign, ...]
) -> tuple[HeldState, ...]:
    """Each held state once."""
    held_states = {
        held_state.key: held_state
        for compiled in _stateful_conditions(segments, campaigns)
        for held_state in compiled.held_states
    }
    return tuple(held_states.values())


def _stateful_conditions(
    segments: tuple[CompiledSegment, ...], campaigns: tuple[CompiledCampaign, ...]
) -> Iterator[CompiledCondition]:
    """Every condition with state in `Contact`: a scoring rule that is only a filter looks at the event alone."""
    yield from (segment.condition for segment in segments if segment.condition)
    for campaign in campaigns:
        yield from (rule.condition for rule in campaign.automation)
        yield from (rule.condition for rule in campaign.scoring if rule.activity_filter is None)

"""A release ready to decide: conditions compiled, segments in dependency order, periods as instants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from schemas.conditions import Condition
from schemas.definitions import (
    AutomationRule,
    Campaign,
    Definitions,
    PropertyType,
    ScoringRule,
    Segment,
)
from schemas.time_zones import require_zone
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.dates.zones import day_start
from streams.engine.conditions.protocols import (
    ActivityCounter,
    CompiledCondition,
    CompileScope,
    EvaluationContext,
    HeldState,
)
from streams.engine.journal.effects import LeafDocument
from streams.engine.releases.conditions import (
    build_compile_scope,
    release_conditions,
    rule_owner,
    segment_owner,
    stateful_conditions,
)
from streams.engine.releases.deciding_leaves import LazyExplainer, compile_explainer
from streams.engine.releases.inputs import ConditionInputs, inputs_of
from streams.engine.releases.segment_index import SegmentIndex
from streams.engine.releases.thresholds import lead_thresholds, own_thresholds
from streams.engine.state.points import to_millionths

DefinitionsLookup = Callable[[str, int], Definitions]
"""The definitions of an account's release by its number."""

_Conditions = Mapping[str, CompiledCondition]
"""By owner, as `OwnedCondition` names it."""

SCORING_KEY = "scoring/"
"""Put before a scoring rule's id among a lead's truths; slugs have no slash."""


@dataclass(frozen=True, slots=True)
class CompiledSegment:
    """A segment; `condition` is None for a static one."""

    id: str
    dynamic: bool
    paused: bool
    statuses: frozenset[str]
    condition: CompiledCondition | None
    inputs: ConditionInputs | None
    explainer: LazyExplainer | None

    def holds(self, context: EvaluationContext) -> bool:
        """Whether the contact is a member, as far as status and list or condition go."""
        if context.contact.status not in self.statuses:
            return False
        if self.condition is None:
            return self.id in context.contact.listed
        return self.condition.node.holds(context)

    def deciding_leaves(self, context: EvaluationContext) -> tuple[LeafDocument, ...]:
        """The leaves that decided; the status alone where it keeps the contact out; none for a kept list."""
        if context.contact.status not in self.statuses:
            return ({"status": {"in": sorted(self.statuses)}},)
        return self.explainer.deciding_leaves(context) if self.explainer else ()


@dataclass(frozen=True, slots=True)
class CompiledScoring:
    """A scoring rule; points in millionths; `is_time_dependent` says whether time alone may change its condition."""

    id: str
    key: str
    condition: CompiledCondition
    rule: ScoringRule
    points: int
    is_time_dependent: bool
    activity_filter: ActivityCounter | None
    """For a rule on a bare visit or activity: what its filter matches."""


@dataclass(frozen=True, slots=True)
class CompiledAutomation:
    """An automation rule; `add_points` in millionths, `is_time_dependent` as above."""

    id: str
    condition: CompiledCondition
    rule: AutomationRule
    add_points: int
    is_time_dependent: bool


@dataclass(frozen=True, slots=True)
class CompiledCampaign:
    """A campaign; its period as instants, `start` inclusive, `end` exclusive, None where it is open."""

    id: str
    definition: Campaign
    start: int | None
    end: int | None
    scoring: tuple[CompiledScoring, ...]
    automation: tuple[CompiledAutomation, ...]
    thresholds: tuple[int, ...]
    """Points (millionths) that conditions compare its leads with."""
    description: dict[str, Any]

    def is_in_period(self, now: int) -> bool:
        """Whether it has started and is not over."""
        return (self.start is None or self.start <= now) and (self.end is None or now < self.end)

    def is_running(self, now: int) -> bool:
        """Whether it takes new leads and runs automation."""
        return not self.definition.paused and self.is_in_period(now)


@dataclass(frozen=True, slots=True)
class CompiledRelease:
    """Everything a decision needs of an account's definitions; number 0 stands for none in force."""

    account: str
    number: int
    properties: Mapping[str, PropertyType] = field(default_factory=dict)
    """Declared properties."""
    segments: tuple[CompiledSegment, ...] = ()
    """Those that others refer to come first, else in the order of the definition."""
    segments_by_id: Mapping[str, CompiledSegment] = field(default_factory=dict)
    segment_index: SegmentIndex = field(default_factory=lambda: SegmentIndex(()))
    campaigns: tuple[CompiledCampaign, ...] = ()
    campaigns_by_id: Mapping[str, CompiledCampaign] = field(default_factory=dict)
    counters: tuple[ActivityCounter, ...] = ()
    held_states: tuple[HeldState, ...] = ()


def empty_release(account: str) -> CompiledRelease:
    """Contacts are kept, and nothing is decided."""
    return CompiledRelease(account, 0)


def compile_release(definitions: Definitions, number: int) -> CompiledRelease:
    """The release of checked definitions. Raises ConditionRefused for definitions that were never checked."""
    scope = build_compile_scope(definitions)
    conditions = {each.owner: compile_condition(each.condition, scope) for each in release_conditions(definitions)}
    stateful = [conditions[each.owner] for each in stateful_conditions(definitions)]
    segments = _sort_by_dependency([_compile_segment(segment, conditions, scope) for segment in definitions.segments])
    campaigns = tuple(_compile_campaign(campaign, definitions, conditions) for campaign in definitions.campaigns)
    return CompiledRelease(
        account=definitions.account,
        number=number,
        properties=definitions.properties,
        segments=segments,
        segments_by_id={segment.id: segment for segment in segments},
        segment_index=SegmentIndex([(segment.id, segment.inputs) for segment in segments]),
        campaigns=campaigns,
        campaigns_by_id={campaign.id: campaign for campaign in campaigns},
        counters=_unique_counters(stateful),
        held_states=_unique_held_states(stateful),
    )


def _compile_segment(segment: Segment, conditions: _Conditions, scope: CompileScope) -> CompiledSegment:
    condition = segment.when if segment.dynamic else None
    compiled = conditions.get(segment_owner(segment.id))
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
    """Depth first with a stack of our own: chains of segments may be longer than Python's stack."""
    rank = {segment.id: place for place, segment in enumerate(segments)}
    ordered: dict[str, CompiledSegment] = {}
    waiting = segments[::-1]
    while waiting:
        segment = waiting[-1]
        needs = segment.condition.segments if segment.condition else frozenset()
        missing = sorted((rank[name] for name in needs if name in rank and name not in ordered), reverse=True)
        if missing and segment.id not in ordered:
            waiting.extend(segments[place] for place in missing)
            continue
        ordered.setdefault(segment.id, segment)
        waiting.pop()
    return tuple(ordered.values())


def _compile_campaign(campaign: Campaign, definitions: Definitions, conditions: _Conditions) -> CompiledCampaign:
    period = campaign.period
    salesforce = campaign.salesforce
    described: dict[str, Any] = {"id": campaign.id, "name": campaign.name or campaign.id}
    if salesforce is not None:
        described["salesforce"] = salesforce.model_dump(mode="json", exclude_none=True)
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
            _compile_automation_rule(rule, conditions[rule_owner(campaign.id, rule.id)])
            for rule in campaign.automation
        ),
        thresholds=tuple(sorted(thresholds)),
        description=described,
    )


def _midnight(day: date | None, zone: str) -> int | None:
    return None if day is None else day_start(require_zone(zone), day.toordinal())


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


def _compile_automation_rule(rule: AutomationRule, condition: CompiledCondition) -> CompiledAutomation:
    return CompiledAutomation(
        id=rule.id,
        condition=condition,
        is_time_dependent=inputs_of(rule.when, condition).is_time_dependent,
        rule=rule,
        add_points=to_millionths(rule.then.add_points or 0),
    )


def _unique_counters(conditions: Iterable[CompiledCondition]) -> tuple[ActivityCounter, ...]:
    """Each counter once: leaves that count the same share what is kept."""
    counters: dict[str, ActivityCounter] = {}
    for condition in conditions:
        for counter in condition.counters:
            counters.setdefault(counter.key, counter)
    return tuple(counters.values())


def _unique_held_states(conditions: Iterable[CompiledCondition]) -> tuple[HeldState, ...]:
    """Each state that is followed once."""
    return tuple({state.key: state for condition in conditions for state in condition.held_states}.values())


class ReleaseCache:
    """Compiled releases by account and number; a release never changes, so nothing is ever stale."""

    def __init__(self, lookup: DefinitionsLookup) -> None:
        self.lookup = lookup
        self._compiled: dict[tuple[str, int], CompiledRelease] = {}

    def get(self, account: str, number: int) -> CompiledRelease:
        """The compiled release; number 0 is none in force."""
        found = self._compiled.get((account, number))
        if found is None:
            found = self._compile(account, number)
            self._compiled[account, number] = found
        return found

    def discard(self, account: str, number: int) -> None:
        """Forgets one that never decided."""
        self._compiled.pop((account, number), None)

    def discard_before(self, account: str, number: int) -> None:
        """Forgets releases that nothing needs any more."""
        for known in [key for key in self._compiled if key[0] == account and key[1] < number]:
            del self._compiled[known]

    def _compile(self, account: str, number: int) -> CompiledRelease:
        return compile_release(self.lookup(account, number), number) if number else empty_release(account)

"""A release ready to decide: conditions compiled, segments in dependency order, periods as instants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from schemas.conditions import Condition
from schemas.definitions import (
    STANDARD_PROPERTIES,
    AutomationRule,
    Campaign,
    Definitions,
    PropertyType,
    ScoringRule,
    Segment,
)
from schemas.time_zones import checked_zone
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.dates.zones import day_start
from streams.engine.conditions.protocols import Compiled, Counter, Scene, Surroundings, Truth
from streams.engine.journal.effects import Leaf
from streams.engine.releases.deciding_leaves import LazyWitness, witness_of
from streams.engine.releases.inputs import Inputs, inputs_of
from streams.engine.releases.segment_index import SegmentIndex
from streams.engine.releases.thresholds import lead_thresholds, own_thresholds
from streams.engine.state.points import millionths

Lookup = Callable[[str, int], Definitions]
"""The definitions of an account's release by its number."""

SCORING_KEY = "scoring/"
"""Put before a scoring rule's id among a lead's truths; slugs have no slash."""


@dataclass(frozen=True, slots=True)
class CompiledSegment:
    """A segment; `condition` is None for a static one."""

    id: str
    dynamic: bool
    paused: bool
    statuses: frozenset[str]
    condition: Compiled | None
    inputs: Inputs | None
    witness: LazyWitness | None

    def holds(self, scene: Scene) -> bool:
        """Whether the contact is a member, as far as status and list or condition go."""
        if scene.contact.status not in self.statuses:
            return False
        if self.condition is None:
            return self.id in scene.contact.listed
        return self.condition.node.holds(scene)

    def leaves(self, scene: Scene) -> tuple[Leaf, ...]:
        """The leaves that decided; the status alone where it keeps the contact out; none for a kept list."""
        if scene.contact.status not in self.statuses:
            return ({"status": {"in": sorted(self.statuses)}},)
        return self.witness.leaves(scene) if self.witness else ()


@dataclass(frozen=True, slots=True)
class CompiledScoring:
    """A scoring rule; points in millionths; `moves` says whether time alone may change its condition."""

    id: str
    key: str
    condition: Compiled
    rule: ScoringRule
    points: int
    moves: bool
    happening: Counter | None
    """For a rule on a bare visit or activity: what its filter matches."""


@dataclass(frozen=True, slots=True)
class CompiledAutomation:
    """An automation rule; `add_points` in millionths, `moves` as above."""

    id: str
    condition: Compiled
    rule: AutomationRule
    add_points: int
    moves: bool


@dataclass(frozen=True, slots=True)
class CompiledCampaign:
    """A campaign; its period as instants, `starts` inclusive, `ends` exclusive, None where it is open."""

    id: str
    definition: Campaign
    starts: int | None
    ends: int | None
    scoring: tuple[CompiledScoring, ...]
    automation: tuple[CompiledAutomation, ...]
    thresholds: tuple[int, ...]
    """Points (millionths) that conditions compare its leads with."""
    described: dict[str, Any]

    def in_period(self, now: int) -> bool:
        """Whether it has started and is not over."""
        return (self.starts is None or self.starts <= now) and (self.ends is None or now < self.ends)

    def running(self, now: int) -> bool:
        """Whether it takes new leads and runs automation."""
        return not self.definition.paused and self.in_period(now)


@dataclass(frozen=True, slots=True)
class CompiledRelease:
    """Everything a decision needs of an account's definitions; number 0 stands for none in force."""

    account: str
    number: int
    properties: Mapping[str, PropertyType] = field(default_factory=dict)
    """Declared properties."""
    segments: tuple[CompiledSegment, ...] = ()
    """Those that others refer to come first, else in the order of the definition."""
    segment: Mapping[str, CompiledSegment] = field(default_factory=dict)
    index: SegmentIndex = field(default_factory=lambda: SegmentIndex(()))
    campaigns: tuple[CompiledCampaign, ...] = ()
    campaign: Mapping[str, CompiledCampaign] = field(default_factory=dict)
    counters: tuple[Counter, ...] = ()
    held: tuple[Truth, ...] = ()


def none_in_force(account: str) -> CompiledRelease:
    """Contacts are kept, and nothing is decided."""
    return CompiledRelease(account, 0)


def compile_release(definitions: Definitions, number: int) -> CompiledRelease:
    """The release of checked definitions. Raises ConditionRefused for definitions that were never checked."""
    around = Surroundings(definitions.time_zone, {**STANDARD_PROPERTIES, **definitions.properties})
    segments = _in_dependency_order([_segment(segment, around) for segment in definitions.segments])
    campaigns = tuple(_campaign(campaign, definitions, around) for campaign in definitions.campaigns)
    return CompiledRelease(
        account=definitions.account,
        number=number,
        properties=definitions.properties,
        segments=segments,
        segment={segment.id: segment for segment in segments},
        index=SegmentIndex([(segment.id, segment.inputs) for segment in segments]),
        campaigns=campaigns,
        campaign={campaign.id: campaign for campaign in campaigns},
        counters=_counters(segments, campaigns),
        held=_held(segments, campaigns),
    )


def _segment(segment: Segment, around: Surroundings) -> CompiledSegment:
    condition = segment.when if segment.dynamic else None
    compiled = None if condition is None else compile_condition(condition, around)
    return CompiledSegment(
        id=segment.id,
        dynamic=segment.dynamic,
        paused=segment.paused,
        statuses=frozenset(segment.statuses),
        condition=compiled,
        inputs=None if condition is None or compiled is None else inputs_of(condition, compiled),
        witness=None if condition is None else _witness(condition, around),
    )


def _witness(condition: Condition, around: Surroundings) -> LazyWitness:
    return LazyWitness(lambda: witness_of(condition, lambda leaf: compile_condition(leaf, around).node))


def _in_dependency_order(segments: list[CompiledSegment]) -> tuple[CompiledSegment, ...]:
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


def _campaign(campaign: Campaign, definitions: Definitions, around: Surroundings) -> CompiledCampaign:
    period = campaign.period
    salesforce = campaign.salesforce
    described: dict[str, Any] = {"id": campaign.id, "name": campaign.name or campaign.id}
    if salesforce is not None:
        described["salesforce"] = salesforce.model_dump(mode="json", exclude_none=True)
    thresholds = lead_thresholds(definitions, campaign.id) | own_thresholds(campaign)
    return CompiledCampaign(
        id=campaign.id,
        definition=campaign,
        starts=None if period is None else _midnight(period.from_, definitions.time_zone),
        ends=None if period is None else _midnight(period.to, definitions.time_zone),
        scoring=tuple(_scoring(rule, around) for rule in campaign.scoring),
        automation=tuple(_automation(rule, around) for rule in campaign.automation),
        thresholds=tuple(sorted(thresholds)),
        described=described,
    )


def _midnight(day: date | None, zone: str) -> int | None:
    return None if day is None else day_start(checked_zone(zone), day.toordinal())


def _scoring(rule: ScoringRule, around: Surroundings) -> CompiledScoring:
    condition = compile_condition(rule.when, around)
    return CompiledScoring(
        id=rule.id,
        key=SCORING_KEY + rule.id,
        condition=condition,
        rule=rule,
        points=millionths(rule.points),
        moves=inputs_of(rule.when, condition).moves,
        happening=condition.counters[0] if condition.happening else None,
    )


def _automation(rule: AutomationRule, around: Surroundings) -> CompiledAutomation:
    condition = compile_condition(rule.when, around)
    return CompiledAutomation(
        id=rule.id,
        condition=condition,
        moves=inputs_of(rule.when, condition).moves,
        rule=rule,
        add_points=millionths(rule.then.add_points or 0),
    )


def _counters(segments: tuple[CompiledSegment, ...], campaigns: tuple[CompiledCampaign, ...]) -> tuple[Counter, ...]:
    """Each counter once: leaves that count the same share what is kept."""
    found: dict[str, Counter] = {}
    for compiled in _conditions(segments, campaigns):
        for counter in compiled.counters:
            found.setdefault(counter.key, counter)
    return tuple(found.values())


def _held(segments: tuple[CompiledSegment, ...], campaigns: tuple[CompiledCampaign, ...]) -> tuple[Truth, ...]:
    """Each truth that is to be followed once."""
    found = {truth.key: truth for compiled in _conditions(segments, campaigns) for truth in compiled.held}
    return tuple(found.values())


def _conditions(segments: tuple[CompiledSegment, ...], campaigns: tuple[CompiledCampaign, ...]) -> Iterator[Compiled]:
    """Every condition that needs its counts kept: a scoring rule for each match looks at the event alone."""
    yield from (segment.condition for segment in segments if segment.condition)
    for campaign in campaigns:
        yield from (rule.condition for rule in campaign.automation)
        yield from (rule.condition for rule in campaign.scoring if rule.happening is None)


class ReleaseCache:
    """Compiled releases by account and number; a release never changes, so nothing is ever stale."""

    def __init__(self, lookup: Lookup) -> None:
        self.definitions = lookup
        self._compiled: dict[tuple[str, int], CompiledRelease] = {}

    def get(self, account: str, number: int) -> CompiledRelease:
        """The compiled release; number 0 is none in force."""
        found = self._compiled.get((account, number))
        if found is None:
            found = self._compile(account, number)
            self._compiled[account, number] = found
        return found

    def drop(self, account: str, number: int) -> None:
        """Forgets one that never decided."""
        self._compiled.pop((account, number), None)

    def drop_before(self, account: str, number: int) -> None:
        """Forgets releases that nothing needs any more."""
        for known in [key for key in self._compiled if key[0] == account and key[1] < number]:
            del self._compiled[known]

    def _compile(self, account: str, number: int) -> CompiledRelease:
        return compile_release(self.definitions(account, number), number) if number else none_in_force(account)

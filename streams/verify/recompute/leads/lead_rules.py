"""The part of a release about leads: campaigns with periods and rules, and the leaves of their conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from schemas.conditions import ActivityLeaf, Condition, VisitLeaf
from schemas.definitions import Actions, AtMost, Campaign, Definitions, LeadUpdate
from schemas.engine_versions import NEWEST_VERSION
from schemas.time_zones import require_zone
from streams.verify.recompute.conditions.dates import instant_from_local, to_ms
from streams.verify.recompute.conditions.leaves import leaves, references
from streams.verify.recompute.leads.decay import MILLION
from streams.verify.recompute.leads.lead_state import RuleKey
from streams.verify.recompute.model import PlainCondition
from streams.verify.recompute.releases import JournalRelease, condition_to_plain

_AGGREGATE_AND_WINDOW_KEYS = (
    *("count", "sum", "average", "distinct", "never"),
    *("within", "between_ago", "since", "until", "first", "last", "regular"),
)


_NO_LEAVES: PlainCondition = {"all": []}


@dataclass(frozen=True)
class LeadScoringRule:
    """Gives points (millionths) for each matching event where it is `is_filter_only`, else when its condition
    becomes true.
    """

    id: str
    when: PlainCondition
    points: Decimal
    at_most: AtMost | None
    is_filter_only: bool

    @property
    def key(self) -> RuleKey:
        """The key of its truth in `LeadState.truths`."""
        return "scoring", self.id


@dataclass(frozen=True)
class LeadAutomationRule:
    """Does something when its condition becomes true; points in millionths."""

    id: str
    when: PlainCondition
    then: Actions
    added_points: Decimal
    """0 where it adds none."""
    set_points: Decimal | None
    apply_to_existing: bool

    @property
    def key(self) -> RuleKey:
        """The key of its truth in `LeadState.truths`."""
        return "automation", self.id


@dataclass(frozen=True)
class LeadCampaign:
    """A campaign; `starts` is inclusive, `ends` exclusive (ms), None means no bound."""

    definition: Campaign
    starts: int | None
    ends: int | None
    scoring: tuple[LeadScoringRule, ...]
    automation: tuple[LeadAutomationRule, ...]
    bounds: tuple[Decimal, Decimal] | None
    """The least and the most points (millionths) of a lead; 0 lies within."""

    @property
    def id(self) -> str:
        """The campaign's name."""
        return self.definition.id

    def in_period(self, now: int) -> bool:
        """Whether it has started and is not over."""
        return (self.starts is None or self.starts <= now) and (self.ends is None or now < self.ends)

    def is_running(self, now: int) -> bool:
        """Whether it takes new leads and runs automation."""
        return not self.definition.paused and self.in_period(now)

    def conditions(self) -> dict[RuleKey, PlainCondition]:
        """The conditions of all its rules."""
        rules: tuple[LeadScoringRule | LeadAutomationRule, ...] = (*self.scoring, *self.automation)
        return {rule.key: rule.when for rule in rules}


class LeadRules:
    """The lead rules of one release; without a release there are no campaigns."""

    def __init__(self, release: JournalRelease | None) -> None:
        self.engine_version = release.engine_version if release else NEWEST_VERSION
        self.campaigns = _campaigns(release.definitions) if release else []
        self.campaigns_by_id = {each.id: each for each in self.campaigns}
        conditions = list(release.conditions.values()) if release else []
        conditions += [when for each in self.campaigns for when in each.conditions().values()]
        salesforce = release.definitions.salesforce if release else None
        forbidden = None if salesforce is None else salesforce.do_not_sync
        self.do_not_sync = None if forbidden is None else condition_to_plain(forbidden)
        """The condition of contacts that are not handed over; None where there is none."""
        self.occasions = () if salesforce is None else tuple(map(_occasion, salesforce.updates))
        """What is told of leads after their hand-over, in the order of the definitions."""
        conditions += [self.do_not_sync] if self.do_not_sync else []
        self.consent_occasions = _consent_occasions(self.do_not_sync, release.conditions if release else {})
        """What `do_not_sync` looks at, as occasions: told of also where the condition holds."""
        self.tells_of_leads = bool(self.occasions or self.consent_occasions) or _may_turn(
            self.do_not_sync, release.conditions if release else {}
        )
        """Whether anything is told of a lead after its hand-over."""
        self.leaves = [leaf for condition in conditions for leaf in leaves(condition)]
        """The leaves of all conditions of the release."""
        self.point_thresholds = sorted({number for leaf in self.leaves for number in _point_operands(leaf)})
        """Numbers that conditions compare points with, ascending."""
        self.age_thresholds = sorted({age for leaf in self.leaves for age in _age_operands(leaf)})
        """Ages (ms) that conditions compare the age of a lead with, ascending."""

    def half_life(self, campaign: str) -> int | None:
        """The half-life (ms) of the campaign's leads; None when they do not decay."""
        campaign_rules = self.campaigns_by_id.get(campaign)
        return None if campaign_rules is None else campaign_rules.definition.half_life

    def within_bounds(self, campaign: str, points: Decimal) -> Decimal:
        """The points (millionths), cut to the campaign's `points_between`; what is cut is lost."""
        campaign_rules = self.campaigns_by_id.get(campaign)
        if campaign_rules is None or campaign_rules.bounds is None:
            return points
        least, most = campaign_rules.bounds
        return max(least, min(points, most))


def _occasion(update: LeadUpdate) -> str:
    """`lead.rejected`, `contact.status`, or `property/` and the name of a property."""
    return update.on if isinstance(update.on, str) else f"property/{update.on.property}"


def _consent_occasions(condition: PlainCondition | None, segments: Mapping[str, PlainCondition]) -> frozenset[str]:
    """The occasions of a condition's leaves; a segment counts as the status and the leaves of its own condition."""
    if condition is None:
        return frozenset()
    found = {
        occasion
        for part in _with_segments(condition, segments)
        for leaf in leaves(part)
        for occasion in _occasions_of_leaf(leaf)
    }
    return frozenset(found | {"contact.status"} if references(condition) else found)


def _with_segments(condition: PlainCondition, segments: Mapping[str, PlainCondition]) -> list[PlainCondition]:
    """A condition, and those of all segments that it leads to; a static one has none."""
    named = references(condition)
    while more := {name for each in named for name in references(segments.get(each, _NO_LEAVES))} - named:
        named |= more
    return [condition, *(segments.get(each, _NO_LEAVES) for each in named)]


def _may_turn(condition: PlainCondition | None, segments: Mapping[str, PlainCondition]) -> bool:
    """Whether anything at all may turn the condition: only when a contact was created stays as it is.

    Measured against a date that moves, that turns too.
    """
    parts = [] if condition is None else _with_segments(condition, segments)
    return any("created" not in leaf or _is_moving(leaf["created"]) for part in parts for leaf in leaves(part))


def _is_moving(tests: PlainCondition) -> bool:
    """Whether a test of an instant compares it with now."""
    texts = [text for operand in tests.values() for text in (operand if isinstance(operand, list) else [operand])]
    lengths = {"within_last", "within_next", "older_than", "anniversary_within"}
    return not lengths.isdisjoint(tests) or any(str(text).startswith("now") for text in texts)


def _occasions_of_leaf(leaf: PlainCondition) -> Iterator[str]:
    """What may change a leaf: the status, its property and what that is derived from, the zone of its days."""
    if "status" in leaf:
        yield "contact.status"
    if "tags" in leaf:
        yield "property/tags"
    if name := leaf.get("property"):
        path = name if isinstance(name, list) else [name]
        yield f"property/{path[0]}"
        if path[0] == "email_domain":
            yield "property/email"
    if _is_in_zone_of_contact(leaf):
        yield "property/time_zone"


def _is_in_zone_of_contact(part: object) -> bool:
    """Whether `in_zone: contact` stands in a leaf, at any depth: a list of objects has operators for each field."""
    if isinstance(part, Mapping):
        return part.get("in_zone") == "contact" or any(map(_is_in_zone_of_contact, part.values()))
    return isinstance(part, list) and any(map(_is_in_zone_of_contact, part))


def _campaigns(definitions: Definitions) -> list[LeadCampaign]:
    zone = require_zone(definitions.time_zone)
    return [_campaign(each, zone) for each in definitions.campaigns]


def _campaign(campaign: Campaign, zone: ZoneInfo) -> LeadCampaign:
    period = campaign.period
    scoring = tuple(
        LeadScoringRule(
            rule.id,
            condition_to_plain(rule.when),
            _to_millionths(rule.points),
            rule.at_most,
            _is_filter_only(rule.when),
        )
        for rule in campaign.scoring
    )
    automation = tuple(
        LeadAutomationRule(
            rule.id,
            condition_to_plain(rule.when),
            rule.then,
            _to_millionths(rule.then.add_points or 0),
            None if rule.then.set_points is None else _to_millionths(rule.then.set_points),
            rule.apply_to_existing,
        )
        for rule in campaign.automation
    )
    starts = None if period is None else _midnight(period.from_, zone)
    ends = None if period is None else _midnight(period.to, zone)
    bounds = campaign.points_between
    exact_bounds = None if bounds is None else (_to_millionths(bounds[0]), _to_millionths(bounds[1]))
    return LeadCampaign(campaign, starts, ends, scoring, automation, exact_bounds)


def _is_filter_only(when: Condition) -> bool:
    """Whether it is a visit or an activity with neither count, aggregate nor window."""
    return isinstance(when, VisitLeaf | ActivityLeaf) and all(
        getattr(when, name) is None for name in _AGGREGATE_AND_WINDOW_KEYS
    )


def _midnight(day: date | None, zone: ZoneInfo) -> int | None:
    return None if day is None else instant_from_local(datetime.combine(day, time()), zone)


def _to_millionths(points: float) -> Decimal:
    return (Decimal(repr(points)) * MILLION).to_integral_value(ROUND_HALF_EVEN)


def _point_operands(leaf: PlainCondition) -> Iterator[float]:
    operators = leaf.get("points") or leaf.get("lead", {}).get("points", {})
    for operand in operators.values():
        yield from operand if isinstance(operand, list) else [operand]


def _age_operands(leaf: PlainCondition) -> Iterator[int]:
    for operand in leaf.get("lead_age", {}).values():
        yield from (to_ms(one) for one in (operand if isinstance(operand, list) else [operand]))

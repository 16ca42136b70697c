"""What the live view shows, folded from the records of the out-topics. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from schemas.topics import (
    CAMPAIGN_REVENUE,
    CRM_RESULTS,
    DEAD_LETTERS,
    LEAD_CHANGES,
    LEADS,
    QUALIFIED_LEADS,
    SEGMENT_CHANGES,
    SEGMENT_MEMBERS,
)

MAX_RECENT_CHANGES = 30
MAX_SIZE_HISTORY = 4_000

RecordValue = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecentChange:
    """One line of the latest changes."""

    at: str
    contact: str
    action: str
    subject: str
    is_positive: bool
    cause: RecordValue


@dataclass(slots=True)
class OpportunityTotal:
    """How many opportunities, and how much money."""

    count: int = 0
    amount: Decimal = Decimal(0)


@dataclass(slots=True)
class Revenue:
    """What one campaign earned in one currency."""

    won: OpportunityTotal = field(default_factory=OpportunityTotal)
    lost: OpportunityTotal = field(default_factory=OpportunityTotal)
    open: OpportunityTotal = field(default_factory=OpportunityTotal)


@dataclass
class DemoState:
    """The whole of it; `apply` takes one record at a time. Instants in ms."""

    begin: int
    end: int
    simulated_instant: int | None = None
    published_count: int = 0
    publish_rate: float = 0.0
    change_rate: float = 0.0
    change_count: int = 0
    members: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    size_history: dict[str, deque[int]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=MAX_SIZE_HISTORY))
    )
    entered_counts: Counter[str] = field(default_factory=Counter)
    exited_counts: Counter[str] = field(default_factory=Counter)
    lead_statuses: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    hand_over_counts: Counter[str] = field(default_factory=Counter)
    crm_link_counts: Counter[str] = field(default_factory=Counter)
    revenue: dict[tuple[str, str], Revenue] = field(default_factory=dict)
    dead_letter_count: int = 0
    duplicate_count: int = 0
    recent_changes: deque[RecentChange] = field(default_factory=lambda: deque(maxlen=MAX_RECENT_CHANGES))
    event_descriptions: dict[str, str] = field(default_factory=dict)
    """Event id -> what happened, in a few words, for the events published lately."""
    message: str = ""
    first_change_seconds: float | None = None
    """From the start of the program until the first change was drawn."""
    _output_ids: set[str] = field(default_factory=set)

    def apply(self, topic: str, key: bytes | None, value: RecordValue | None) -> None:
        """Takes in one committed record; `topic` carries no prefix."""
        fold = _FOLDS.get(topic)
        if fold is not None:
            fold(self, (key or b"").decode("utf-8", "replace"), value)

    def record_sizes(self) -> None:
        """Adds the present sizes of the segments to their history."""
        for segment, contacts in list(self.members.items()):
            self.size_history[segment].append(len(contacts))

    def funnel(self, campaign: str) -> Counter[str]:
        """Status -> how many leads of the campaign."""
        return Counter(self.lead_statuses.get(campaign, {}).values())

    def register_output(self, value: RecordValue) -> bool:
        """Counts the record; whether its id was never seen before. A second sight counts as a violation."""
        seen = value["id"] in self._output_ids
        self._output_ids.add(value["id"])
        self.change_count += 1
        self.duplicate_count += seen
        return not seen


def _apply_segment_change(state: DemoState, _key: str, value: RecordValue | None) -> None:
    if value is None or not state.register_output(value):
        return
    entered = value["type"] == "segment.entered"
    (state.entered_counts if entered else state.exited_counts)[value["segment"]] += 1
    what = "entered" if entered else "left"
    state.recent_changes.append(
        RecentChange(value["at"], value["contact"], what, value["segment"], entered, value["cause"])
    )


def _apply_member(state: DemoState, key: str, value: RecordValue | None) -> None:
    _account, segment, contact = key.split("/", 2)
    if value is None:
        state.members[segment].discard(contact)
    else:
        state.members[segment].add(contact)


def _apply_lead_change(state: DemoState, _key: str, value: RecordValue | None) -> None:
    if value is None or not state.register_output(value) or value["type"] != "lead.status_changed":
        return
    status = value["to"]
    what = "became a lead in" if value["from"] is None and status == "active" else f"{status} in"
    good = status in {"active", "qualified"}
    state.recent_changes.append(
        RecentChange(value["at"], value["contact"], what, value["campaign"], good, value["cause"])
    )


def _apply_lead(state: DemoState, key: str, value: RecordValue | None) -> None:
    _account, campaign, contact = key.split("/", 2)
    if value is None:
        state.lead_statuses[campaign].pop(contact, None)
    else:
        state.lead_statuses[campaign][contact] = value["status"]


def _apply_hand_over(state: DemoState, _key: str, value: RecordValue | None) -> None:
    if value is not None and state.register_output(value):
        state.hand_over_counts[value["campaign"]["id"]] += 1


def _apply_crm_result(state: DemoState, _key: str, value: RecordValue | None) -> None:
    if value is not None and value.get("type") == "crm.linked":
        state.crm_link_counts[value["campaign"]] += 1


def _apply_revenue(state: DemoState, key: str, value: RecordValue | None) -> None:
    _account, campaign, currency = key.split("/", 2)
    if value is None:
        state.revenue.pop((campaign, currency), None)
        return
    sums = {kind: _opportunity_total(value.get(kind)) for kind in ("won", "lost", "open")}
    state.revenue[(campaign, currency)] = Revenue(**sums)


def _opportunity_total(totals: RecordValue | None) -> OpportunityTotal:
    return OpportunityTotal(int(totals["count"]), Decimal(str(totals["amount"]))) if totals else OpportunityTotal()


def _apply_dead_letter(state: DemoState, _key: str, _value: RecordValue | None) -> None:
    state.dead_letter_count += 1


_FOLDS: Mapping[str, Callable[[DemoState, str, RecordValue | None], None]] = {
    SEGMENT_CHANGES.name: _apply_segment_change,
    SEGMENT_MEMBERS.name: _apply_member,
    LEAD_CHANGES.name: _apply_lead_change,
    LEADS.name: _apply_lead,
    QUALIFIED_LEADS.name: _apply_hand_over,
    CRM_RESULTS.name: _apply_crm_result,
    CAMPAIGN_REVENUE.name: _apply_revenue,
    DEAD_LETTERS.name: _apply_dead_letter,
}

FOLLOWED_TOPICS = tuple(_FOLDS)
"""Topics, without prefix, that the state is made of."""

"""What the live view shows, built from the records of the out-topics. Pure."""

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
from streams.demo.guide import EXAMPLE_CONTACT, CommandGuide

MAX_RECENT_CHANGES = 80
MAX_SIZE_HISTORY = 4_000

RecordValue = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecentChange:
    """A row of the table of latest changes; `cause` is that of the output record."""

    at: str
    contact: str
    action: str
    subject: str
    is_positive: bool
    cause: RecordValue


@dataclass(slots=True)
class OpportunityTotal:
    """The number of opportunities and the sum of their amounts."""

    count: int = 0
    amount: Decimal = Decimal(0)


@dataclass(slots=True)
class Revenue:
    """The opportunities of one campaign in one currency."""

    won: OpportunityTotal = field(default_factory=OpportunityTotal)
    lost: OpportunityTotal = field(default_factory=OpportunityTotal)
    open: OpportunityTotal = field(default_factory=OpportunityTotal)


@dataclass
class DemoState:
    """Everything that the live view shows; `apply` takes one record at a time. Instants in ms."""

    begin: int
    end: int
    simulated_instant: int | None = None
    published_count: int = 0
    publish_rate: float = 0.0
    change_rate: float = 0.0
    change_count: int = 0
    members: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Segment -> its contacts."""
    size_history: dict[str, deque[int]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=MAX_SIZE_HISTORY))
    )
    """Segment -> how many members it had at each clock line."""
    entered_counts: Counter[str] = field(default_factory=Counter)
    exited_counts: Counter[str] = field(default_factory=Counter)
    lead_statuses: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    """Campaign -> contact -> the lead's status."""
    hand_over_counts: Counter[str] = field(default_factory=Counter)
    crm_link_counts: Counter[str] = field(default_factory=Counter)
    revenue: dict[tuple[str, str], Revenue] = field(default_factory=dict)
    """(Campaign, currency) -> revenue."""
    typed_fields: Counter[str] = field(default_factory=Counter)
    """How many fields sales people `typed` in Salesforce; how often a later hand-over `kept` or `overwritten` one."""
    dead_letter_codes: Counter[str] = field(default_factory=Counter)
    """Error code -> how many dead letters have it."""
    duplicate_count: int = 0
    recent_changes: deque[RecentChange] = field(default_factory=lambda: deque(maxlen=MAX_RECENT_CHANGES))
    event_descriptions: dict[str, str] = field(default_factory=dict)
    """Event id -> a few words about the event, for the latest events published."""
    message: str = ""
    """What the program is at; empty while the traffic runs."""
    guide: CommandGuide | None = None
    """How other commands reach the demo; None while they cannot."""
    console_address: str | None = None
    """Where the console answers; None before it does."""
    example_contact: str | None = None
    """A contact to ask about: the first one that anything was decided about, then the one of the documentation."""
    first_change_seconds: float | None = None
    """From the start of the program until the first change arrived."""
    _output_ids: set[str] = field(default_factory=set)

    def apply(self, topic: str, key: bytes | None, value: RecordValue | None) -> None:
        """Applies one committed record; `topic` is without prefix."""
        handler = _HANDLERS.get(topic)
        if handler is not None:
            handler(self, (key or b"").decode("utf-8", "replace"), value)

    def apply_dead_letter(self, code: str) -> None:
        """Counts a dead letter."""
        self.dead_letter_codes[code] += 1

    def apply_typed_field(self, event: str, contact: str, name: str, value: str, at: str) -> None:
        """Counts a field that sales people typed in Salesforce, or what a later hand-over did with it."""
        self.typed_fields[event] += 1
        action = {"typed": "sales typed", "kept": "hand-over kept"}.get(event, "hand-over lost")
        cause = {"kind": "crm", "value": value}
        self.recent_changes.append(RecentChange(at, contact, action, name, event != "overwritten", cause))

    @property
    def dead_letter_count(self) -> int:
        """How many dead letters there are."""
        return self.dead_letter_codes.total()

    def record_sizes(self) -> None:
        """Adds the current sizes of the segments to their history."""
        for segment, contacts in list(self.members.items()):
            self.size_history[segment].append(len(contacts))

    def funnel(self, campaign: str) -> Counter[str]:
        """Returns status -> number of leads of the campaign."""
        return Counter(self.lead_statuses.get(campaign, {}).values())

    def register_output(self, value: RecordValue) -> bool:
        """Counts the record, and returns whether its id is new; a repeated id counts as a duplicate."""
        is_new = value["id"] not in self._output_ids
        self._output_ids.add(value["id"])
        self.change_count += 1
        self.duplicate_count += not is_new
        return is_new


def _apply_segment_change(state: DemoState, _key: str, value: RecordValue | None) -> None:
    if value is None or not state.register_output(value):
        return
    has_entered = value["type"] == "segment.entered"
    if state.example_contact is None or value["contact"] == EXAMPLE_CONTACT:
        state.example_contact = value["contact"]
    (state.entered_counts if has_entered else state.exited_counts)[value["segment"]] += 1
    action = "entered" if has_entered else "left"
    state.recent_changes.append(
        RecentChange(value["at"], value["contact"], action, value["segment"], has_entered, value["cause"])
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
    action = "became a lead in" if value["from"] is None and status == "active" else f"{status} in"
    is_positive = status in {"active", "qualified"}
    state.recent_changes.append(
        RecentChange(value["at"], value["contact"], action, value["campaign"], is_positive, value["cause"])
    )


def _apply_lead(state: DemoState, key: str, value: RecordValue | None) -> None:
    _account, campaign, contact = key.split("/", 2)
    if value is None:
        state.lead_statuses[campaign].pop(contact, None)
    else:
        state.lead_statuses[campaign][contact] = value["status"]


def _apply_hand_over(state: DemoState, _key: str, value: RecordValue | None) -> None:
    if value is None or not state.register_output(value):
        return
    if value["type"] == "lead.handed_over" and not value.get("do_not_sync"):
        state.hand_over_counts[value["campaign"]["id"]] += 1


def _apply_crm_result(state: DemoState, _key: str, value: RecordValue | None) -> None:
    if value is not None and value.get("type") == "crm.linked":
        state.crm_link_counts[value["campaign"]] += 1


def _apply_revenue(state: DemoState, key: str, value: RecordValue | None) -> None:
    _account, campaign, currency = key.split("/", 2)
    if value is None:
        state.revenue.pop((campaign, currency), None)
        return
    totals = {outcome: _opportunity_total(value.get(outcome)) for outcome in ("won", "lost", "open")}
    state.revenue[(campaign, currency)] = Revenue(**totals)


def _opportunity_total(totals: RecordValue | None) -> OpportunityTotal:
    return OpportunityTotal(int(totals["count"]), Decimal(str(totals["amount"]))) if totals else OpportunityTotal()


_HANDLERS: Mapping[str, Callable[[DemoState, str, RecordValue | None], None]] = {
    SEGMENT_CHANGES.name: _apply_segment_change,
    SEGMENT_MEMBERS.name: _apply_member,
    LEAD_CHANGES.name: _apply_lead_change,
    LEADS.name: _apply_lead,
    QUALIFIED_LEADS.name: _apply_hand_over,
    CRM_RESULTS.name: _apply_crm_result,
    CAMPAIGN_REVENUE.name: _apply_revenue,
}

FOLLOWED_TOPICS = (*_HANDLERS, DEAD_LETTERS.name)
"""The topics, without prefix, from which the state is built."""

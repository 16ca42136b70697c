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

LATEST = 30
HISTORY = 4_000

Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the latest changes."""

    at: str
    contact: str
    what: str
    subject: str
    good: bool
    cause: Value


@dataclass(slots=True)
class Sum:
    """How many opportunities, and how much money."""

    count: int = 0
    amount: Decimal = Decimal(0)


@dataclass(slots=True)
class Revenue:
    """What one campaign earned in one currency."""

    won: Sum = field(default_factory=Sum)
    lost: Sum = field(default_factory=Sum)
    open: Sum = field(default_factory=Sum)


@dataclass
class State:
    """The whole of it; `apply` takes one record at a time. Instants in ms."""

    begin: int
    end: int
    simulated: int | None = None
    published: int = 0
    publishing_rate: float = 0.0
    changing_rate: float = 0.0
    changes: int = 0
    members: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    history: dict[str, deque[int]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=HISTORY)))
    entered: Counter[str] = field(default_factory=Counter)
    exited: Counter[str] = field(default_factory=Counter)
    leads: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    handed_over: Counter[str] = field(default_factory=Counter)
    linked: Counter[str] = field(default_factory=Counter)
    revenue: dict[tuple[str, str], Revenue] = field(default_factory=dict)
    dead_letters: int = 0
    duplicates: int = 0
    latest: deque[Change] = field(default_factory=lambda: deque(maxlen=LATEST))
    stories: dict[str, str] = field(default_factory=dict)
    """Event id -> what happened, in a few words, for the events published lately."""
    message: str = ""
    first_change_seconds: float | None = None
    """From the start of the program until the first change was drawn."""
    _ids: set[str] = field(default_factory=set)

    def apply(self, topic: str, key: bytes | None, value: Value | None) -> None:
        """Takes in one committed record; `topic` carries no prefix."""
        fold = _FOLDS.get(topic)
        if fold is not None:
            fold(self, (key or b"").decode("utf-8", "replace"), value)

    def note_sizes(self) -> None:
        """Adds the present sizes of the segments to their history."""
        for segment, contacts in list(self.members.items()):
            self.history[segment].append(len(contacts))

    def funnel(self, campaign: str) -> Counter[str]:
        """Status -> how many leads of the campaign."""
        return Counter(self.leads.get(campaign, {}).values())

    def first_sight(self, value: Value) -> bool:
        """Counts the record; whether its id was never seen before. A second sight counts as a violation."""
        seen = value["id"] in self._ids
        self._ids.add(value["id"])
        self.changes += 1
        self.duplicates += seen
        return not seen


def _segment_changed(state: State, _key: str, value: Value | None) -> None:
    if value is None or not state.first_sight(value):
        return
    entered = value["type"] == "segment.entered"
    (state.entered if entered else state.exited)[value["segment"]] += 1
    what = "entered" if entered else "left"
    state.latest.append(Change(value["at"], value["contact"], what, value["segment"], entered, value["cause"]))


def _member(state: State, key: str, value: Value | None) -> None:
    _account, segment, contact = key.split("/", 2)
    if value is None:
        state.members[segment].discard(contact)
    else:
        state.members[segment].add(contact)


def _lead_changed(state: State, _key: str, value: Value | None) -> None:
    if value is None or not state.first_sight(value) or value["type"] != "lead.status_changed":
        return
    status = value["to"]
    what = "became a lead in" if value["from"] is None and status == "active" else f"{status} in"
    good = status in {"active", "qualified"}
    state.latest.append(Change(value["at"], value["contact"], what, value["campaign"], good, value["cause"]))


def _lead(state: State, key: str, value: Value | None) -> None:
    _account, campaign, contact = key.split("/", 2)
    if value is None:
        state.leads[campaign].pop(contact, None)
    else:
        state.leads[campaign][contact] = value["status"]


def _handed_over(state: State, _key: str, value: Value | None) -> None:
    if value is not None and state.first_sight(value):
        state.handed_over[value["campaign"]["id"]] += 1


def _answered(state: State, _key: str, value: Value | None) -> None:
    if value is not None and value.get("type") == "crm.linked":
        state.linked[value["campaign"]] += 1


def _earned(state: State, key: str, value: Value | None) -> None:
    _account, campaign, currency = key.split("/", 2)
    if value is None:
        state.revenue.pop((campaign, currency), None)
        return
    sums = {kind: _sum(value.get(kind)) for kind in ("won", "lost", "open")}
    state.revenue[(campaign, currency)] = Revenue(**sums)


def _sum(part: Value | None) -> Sum:
    return Sum(int(part["count"]), Decimal(str(part["amount"]))) if part else Sum()


def _dead(state: State, _key: str, _value: Value | None) -> None:
    state.dead_letters += 1


_FOLDS: Mapping[str, Callable[[State, str, Value | None], None]] = {
    SEGMENT_CHANGES.name: _segment_changed,
    SEGMENT_MEMBERS.name: _member,
    LEAD_CHANGES.name: _lead_changed,
    LEADS.name: _lead,
    QUALIFIED_LEADS.name: _handed_over,
    CRM_RESULTS.name: _answered,
    CAMPAIGN_REVENUE.name: _earned,
    DEAD_LETTERS.name: _dead,
}

FOLLOWED = tuple(_FOLDS)
"""Topics, without prefix, that the state is made of."""

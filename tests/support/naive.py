"""The simplest evaluator of conditions: from the specification's sentences, over the whole history, with no state.

It shares no code with the engine's. Conditions are plain objects, as definitions are written; instants are ms.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlparse
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Event:
    """A visit or activity of the history."""

    at: int
    fields: dict[str, Any] = field(default_factory=dict)
    name: str = "visit"
    visit: bool = True
    too_late: bool = False
    """It came later than `lateness`."""


@dataclass
class Lead:
    """A lead in a campaign."""

    made: int
    status: str = "active"
    points: float = 0


@dataclass
class World:
    """All that is known of one contact."""

    properties: dict[str, Any] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    history: list[Event] = field(default_factory=list)
    created: int = 0
    zone: str = "UTC"
    status: str = "active"
    score: float = 0
    scores: dict[str, float] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    leads: dict[str, Lead] = field(default_factory=dict)
    hand: str = ""
    """The campaign whose lead is at hand."""
    patches: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """(since when they are so, all the properties), in the journal's order; before the first there are none."""


def holds(condition: dict[str, Any], world: World, now: int) -> bool:
    """Whether it holds at now."""
    if "all" in condition:
        return all(holds(part, world, now) for part in condition["all"])
    if "any" in condition:
        return any(holds(part, world, now) for part in condition["any"])
    if "not" in condition:
        return not holds(condition["not"], world, now)
    if "visit" in condition or "activity" in condition:
        return _counted(condition, world, now)
    if "sequence" in condition:
        return _sequence(condition, world, now)
    if "inactive_for" in condition:
        done = [event.at for event in world.history if event.at <= now]
        return now - max(done, default=world.created) >= length(condition["inactive_for"])
    if "segment" in condition:
        return condition["segment"] in world.members
    if "score" in condition:
        operators = {name: operand for name, operand in condition["score"].items() if name != "name"}
        named = condition["score"].get("name")
        score = world.score if named is None else world.scores.get(named, 0)
        return _passes(score, operators, "number", world, now)
    if "lead" in condition:
        return _lead(condition["lead"], world, now)
    if "points" in condition or "lead_status" in condition or "lead_age" in condition:
        return _at_hand(condition, world.leads[world.hand], world, now)
    if "tags" in condition:
        return _passes(world.properties.get("tags"), condition["tags"], "list", world, now)
    if "status" in condition:
        return _passes(world.status, condition["status"], "text", world, now)
    for moment in ("last_visit", "first_visit", "last_activity"):
        if moment in condition:
            return _moment(moment, condition[moment], world, now)
    return _property(condition, world, now)


def _lead(wanted: dict[str, Any], world: World, now: int) -> bool:
    lead = world.leads.get(wanted["campaign"])
    if "status" not in wanted and "points" not in wanted:
        return lead is not None
    status, points = (lead.status, lead.points) if lead else (None, None)
    return _passes(status, wanted.get("status", {}), "text", world, now) and _passes(
        points, wanted.get("points", {}), "number", world, now
    )


def _at_hand(condition: dict[str, Any], lead: Lead, world: World, now: int) -> bool:
    if "points" in condition:
        return _passes(lead.points, condition["points"], "number", world, now)
    if "lead_status" in condition:
        return _passes(lead.status, condition["lead_status"], "text", world, now)
    ages = condition["lead_age"]
    return _compares(now - lead.made, {name: _lengths(operand) for name, operand in ages.items()})


def _lengths(operand: Any) -> Any:
    return [length(text) for text in operand] if isinstance(operand, list) else length(operand)


def length(text: str) -> int:
    """A duration in ms."""
    iso = re.fullmatch(r"PT(\d+)\.(\d{3})S", text)
    if iso:
        return int(iso[1]) * 1000 + int(iso[2])
    unit = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}[text[-1]]
    return int(text[:-1]) * unit


def _counted(leaf: dict[str, Any], world: World, now: int) -> bool:
    done = [event for event in world.history if event.at <= now and _is_meant(event, leaf, world)]
    if "regular" in leaf:
        return _regular(leaf["regular"], [event.at for event in done], now)
    if "first" in leaf or "last" in leaf:
        return all(_is_end(which, done, leaf, world, now) for which in ("first", "last") if which in leaf)
    number = sum(_in_window(event.at, leaf, world, now) for event in done)
    if leaf.get("never"):
        return number == 0
    return _compares(number, leaf.get("count", {"gte": 1}))


def _is_meant(event: Event, leaf: dict[str, Any], world: World) -> bool:
    """Whether the event is of the leaf's kind and matches its filter."""
    if "visit" in leaf:
        return event.visit and _matches(event, leaf["visit"], world)
    return _matches(event, leaf["activity"], world)


def _matches(event: Event, wanted: dict[str, Any], world: World) -> bool:
    return all(_passes(_field(event, key), ops, None, world, event.at) for key, ops in wanted.items())


def _in_window(at: int, leaf: dict[str, Any], world: World, now: int) -> bool:
    zone = _zone(leaf, world)
    if "within" in leaf and not now - length(leaf["within"]) < at <= now:
        return False
    if "between_ago" in leaf:
        older, newer = (length(text) for text in leaf["between_ago"])
        if not now - older < at <= now - newer:
            return False
    if "since" in leaf and at < span(leaf["since"], now, zone)[0]:
        return False
    return not ("until" in leaf and at >= span(leaf["until"], now, zone)[1])


def _is_end(which: str, done: list[Event], leaf: dict[str, Any], world: World, now: int) -> bool:
    """The first (latest) ever lies in the window and also matches; `sorted` keeps the journal's order of equals."""
    on_time = sorted((event for event in done if not event.too_late), key=lambda event: event.at)
    if not on_time:
        return False
    event = on_time[0] if which == "first" else on_time[-1]
    also = {} if leaf[which] is True else leaf[which]
    return _in_window(event.at, leaf, world, now) and _matches(event, also, world)


def _sequence(leaf: dict[str, Any], world: World, now: int) -> bool:
    """Tries every way through the steps, over the events of the window in their order."""
    inside = [e for e in world.history if now - length(leaf["within"]) < e.at <= now and not e.too_late]
    inside.sort(key=lambda event: event.at)
    least = length(leaf.get("min_gap", "0s"))
    most = length(leaf["gap"]) if "gap" in leaf else None

    def goes_on(step: int, after: int) -> bool:
        if step == len(leaf["sequence"]):
            return True
        for place in range(after + 1, len(inside)):
            apart = inside[place].at - inside[after].at if step else least
            if apart < least or (most is not None and step and apart > most):
                continue
            if _is_meant(inside[place], leaf["sequence"][step], world) and goes_on(step + 1, place):
                return True
        return False

    return goes_on(0, -1)


def _regular(regular: dict[str, Any], instants: list[int], now: int) -> bool:
    each = length(regular["each"])
    filled = 0
    for period in range(regular["of"]):
        end = now - period * each
        filled += any(end - each < at <= end for at in instants)
    return filled >= int(regular["at_least"])


def _compares(number: float, operators: dict[str, Any]) -> bool:
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "eq": lambda n, x: n == x,
        "ne": lambda n, x: n != x,
        "gt": lambda n, x: n > x,
        "gte": lambda n, x: n >= x,
        "lt": lambda n, x: n < x,
        "lte": lambda n, x: n <= x,
        "between": lambda n, x: x[0] <= n <= x[1],
        "in": lambda n, x: n in x,
        "not_in": lambda n, x: n not in x,
    }
    return all(tests[name](number, operand) for name, operand in operators.items())


def _field(event: Event, key: str) -> Any:
    if key == "name":
        return event.name
    if key in ("url", "title", "referrer", "campaign"):
        return event.fields.get(key)
    url = urlparse(event.fields.get("url", ""))
    if key == "path":
        return url.path or None
    if key == "host":
        return url.hostname
    if key.startswith("query."):
        return parse_qs(url.query).get(key[6:], [None])[0]
    return event.fields.get("properties", {}).get(key)


def _moment(moment: str, operators: dict[str, Any], world: World, now: int) -> bool:
    instants = [e.at for e in world.history if e.at <= now and (e.visit or moment == "last_activity")]
    if not instants:
        return False
    instant = min(instants) if moment == "first_visit" else max(instants)
    zone = _zone(operators, world)
    tests = {name: operand for name, operand in operators.items() if name != "in_zone"}
    return all(_date_holds(name, operand, instant, now, zone) for name, operand in tests.items())


def _held(leaf: dict[str, Any], world: World, now: int) -> bool:
    """True at every single millisecond of the time, and the contact was there all the time."""
    plain = {name: operand for name, operand in leaf.items() if name != "held_for"}
    since = now - length(leaf["held_for"])
    return since >= world.created and all(_property(plain, _as_of(world, at), at) for at in range(since, now + 1))


def _as_of(world: World, at: int) -> World:
    """With the properties as they were at an instant, after everything that happened at it."""
    known = [properties for since, properties in world.patches if since <= at]
    return replace(world, properties=known[-1] if known else {})


def _property(leaf: dict[str, Any], world: World, now: int) -> bool:
    if "held_for" in leaf:
        return _held(leaf, world, now)
    keys = leaf["property"] if isinstance(leaf["property"], list) else [leaf["property"]]
    value: Any = world.properties
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    operators = {name: operand for name, operand in leaf.items() if name != "property"}
    kind = world.types.get(keys[0]) if len(keys) == 1 else None
    return _passes(value, operators, kind, world, now)


NEGATIVE = {"ne": "eq", "not_in": "in", "not_contains": "contains"}
DATES = ("before", "after", "within_last", "within_next", "older_than", "anniversary_within")


@dataclass
class Asked:
    """What an operator is asked of, and how."""

    value: Any
    kind: str | None
    zone: ZoneInfo
    cased: bool
    world: World
    now: int


def _passes(value: Any, operators: dict[str, Any], kind: str | None, world: World, now: int) -> bool:
    asked = Asked(value, kind, _zone(operators, world), operators.get("case_sensitive", False), world, now)
    tests = {name: x for name, x in operators.items() if name not in ("case_sensitive", "in_zone")}
    return all(_operator(name, x, asked) for name, x in tests.items())


def _operator(name: str, x: Any, asked: Asked) -> bool:
    value = asked.value
    if name == "exists":
        return (value is not None) is x
    if name == "empty":
        return (value is None or value in ("", [], {})) is x
    if name in NEGATIVE:
        return not _operator(NEGATIVE[name], x, asked)
    if value is None:
        return False
    if name == "has_item":
        return isinstance(value, list) and any(
            isinstance(item, dict)
            and all(_passes(item.get(key), ops, None, asked.world, asked.now) for key, ops in x.items())
            for item in value
        )
    ordered = name in ("gt", "gte", "lt", "lte", "between")
    dated = asked.kind in ("date", "datetime") or name in DATES or (ordered and isinstance(x, str))
    if dated or (ordered and isinstance(x, list) and isinstance(x[0], str)):
        instant = instant_of(value, asked.zone)
        return instant is not None and _date_holds(name, x, instant, asked.now, asked.zone)
    return _plain(name, x, value, asked.cased)


def _plain(name: str, x: Any, value: Any, cased: bool) -> bool:
    if name == "eq":
        return _same(value, x, cased)
    if name == "in":
        return any(_same(value, one, cased) for one in x)
    if name in ("gt", "gte", "lt", "lte"):
        return _numeric(value, x) and _compares(value, {name: x})
    if name == "between":
        return _numeric(value, *x) and _compares(value, {name: x})
    if isinstance(value, list) and name in ("contains", "contains_any", "contains_all"):
        present = [any(_same(item, one, cased) for item in value) for one in (x if isinstance(x, list) else [x])]
        return any(present) if name == "contains_any" else all(present)
    if isinstance(value, str) and isinstance(x, str):
        a, b = (value, x) if cased else (value.casefold(), x.casefold())
        return {"contains": b in a, "starts_with": a.startswith(b), "ends_with": a.endswith(b)}[name]
    return False


def _same(a: Any, b: Any, cased: bool) -> bool:
    if isinstance(a, str) and isinstance(b, str):
        return a == b if cased else a.casefold() == b.casefold()
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    return _numeric(a, b) and bool(a == b)


def _numeric(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _date_holds(name: str, x: Any, instant: int, now: int, zone: ZoneInfo) -> bool:
    if name == "within_last":
        return now - length(x) < instant <= now
    if name == "within_next":
        return now < instant <= now + length(x)
    if name == "older_than":
        return instant + length(x) <= now
    if name == "anniversary_within":
        return _anniversary(instant, now, length(x) // 86_400_000, zone)
    if name == "in":
        return any(_date_holds("eq", one, instant, now, zone) for one in x)
    if name == "between":
        return span(x[0], now, zone)[0] <= instant < span(x[1], now, zone)[1]
    start, end = span(x, now, zone)
    return {
        "eq": start <= instant < end,
        "gt": instant >= end,
        "after": instant >= end,
        "gte": instant >= start,
        "lt": instant < start,
        "before": instant < start,
        "lte": instant < end,
    }[name]


def _anniversary(instant: int, now: int, days: int, zone: ZoneInfo) -> bool:
    born, today = local(instant, zone).date(), local(now, zone).date()
    for ahead in range(days + 1):
        day = today + timedelta(days=ahead)
        leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
        clamped = (born.month, born.day) == (2, 29) and not leap
        if (day.month, day.day) == ((2, 28) if clamped else (born.month, born.day)):
            return True
    return False


def local(instant: int, zone: ZoneInfo) -> datetime:
    """What local clocks show."""
    return (EPOCH + timedelta(milliseconds=instant)).astimezone(zone).replace(tzinfo=None, fold=0)


def instant_at(shown: datetime, zone: ZoneInfo) -> int:
    """The instant at which local clocks show this; fold=0 shifts forward out of a gap and means the first of two."""
    return (shown.replace(tzinfo=zone).astimezone(UTC) - EPOCH) // timedelta(milliseconds=1)


def instant_of(value: Any, zone: ZoneInfo) -> int | None:
    """The instant that a property's value means."""
    if not isinstance(value, str):
        return None
    try:
        if len(value) == 10:
            return instant_at(datetime.fromisoformat(value), zone)
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if moment.tzinfo is None else (moment - EPOCH) // timedelta(milliseconds=1)


def span(text: str, now: int, zone: ZoneInfo) -> tuple[int, int]:
    """The instants [start, end) that a date value means."""
    if text.startswith("now"):
        instant = _steps(text[3:], now, zone)
        return instant, instant + 1
    base, _, steps = text.partition("||")
    if len(base) == 10 and not re.search(r"(ms|[smh])", steps):
        utc = ZoneInfo("UTC")
        first = local(_steps(steps, instant_at(datetime.fromisoformat(base), utc), utc), utc)
        return instant_at(first, zone), instant_at(first + timedelta(days=1), zone)
    origin = instant_of(base, zone)
    assert origin is not None
    instant = _steps(steps, origin, zone)
    return instant, instant + 1


def _steps(steps: str, instant: int, zone: ZoneInfo) -> int:
    fixed = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
    for sign, amount, unit, rounded in re.findall(r"([+-])(\d+)(ms|[smhdwMy])|/(ms|[smhdwMy])", steps):
        if rounded:
            instant = _rounded(instant, rounded, zone)
        elif unit in fixed:
            instant += int(sign + amount) * fixed[unit]
        else:
            name = {"d": "days", "w": "weeks", "M": "months", "y": "years"}[unit]
            shown = local(instant, zone) + relativedelta(**{name: int(sign + amount)})  # type: ignore[arg-type]
            instant = instant_at(shown, zone)
    return instant


def _rounded(instant: int, unit: str, zone: ZoneInfo) -> int:
    shown = local(instant, zone)
    if unit in ("ms", "s", "m", "h"):
        offset = instant_at_utc(shown) - instant
        size = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}[unit]
        return (instant + offset) // size * size - offset
    day = shown.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "w":
        day -= timedelta(days=day.weekday())
    if unit in ("M", "y"):
        day = day.replace(day=1)
    if unit == "y":
        day = day.replace(month=1)
    return instant_at(day, zone)


def instant_at_utc(shown: datetime) -> int:
    """A wall clock read as if it stood in UTC."""
    return (shown.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)


def _zone(operators: dict[str, Any], world: World) -> ZoneInfo:
    if operators.get("in_zone") == "contact":
        try:
            return ZoneInfo(world.properties["time_zone"])
        except (KeyError, ValueError, OSError, TypeError):
            pass  # no valid zone of its own: the account's counts
    return ZoneInfo(world.zone)

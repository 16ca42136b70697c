"""Instants at which time alone may change a property leaf: rather too many than too few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from streams.verify.recompute.bisection import first_change
from streams.verify.recompute.conditions.dates import (
    day_span,
    instant_from_local,
    is_day,
    parse_instant,
    to_local,
)
from streams.verify.recompute.conditions.operands import operand_values, texts
from streams.verify.recompute.conditions.operators import zone_for
from streams.verify.recompute.conditions.relative_dates import crossing_instants
from streams.verify.recompute.model import ContactModel, PlainCondition


def property_change_instants(
    leaf: PlainCondition, models: Iterable[ContactModel], after: int, until: int
) -> Iterator[int]:
    """Instants in (after, until) for every value that the property has in one of the models, in each model's
    zones.
    """
    if "property" not in leaf:
        return  # tags hold no dates
    name = leaf["property"] if isinstance(leaf["property"], str) else leaf["property"][0]
    operators = list(operand_values(leaf))
    if not any(isinstance(x, int) or x.startswith("now") for x in operators):
        return
    checked: set[tuple[int, str]] = set()
    for model in models:
        for zone in relevant_zones(model):
            if _has_anniversary_operator(leaf):
                yield from day_starts(zone, after, until)
            for text in texts(model.properties.get(name)):
                for date in _dates_of(text, model):
                    if (date, zone.key) not in checked:
                        checked.add((date, zone.key))
                        yield from _date_instants(date, operators, zone, after, until)


def created_change_instants(tests: PlainCondition, model: ContactModel, after: int, until: int) -> Iterator[int]:
    """Instants in (after, until) at which time alone may change what is said of the contact's creation."""
    zone = zone_for(tests, model)
    if _has_anniversary_operator(tests):
        yield from day_starts(zone, after, until)
    yield from _date_instants(model.created, operand_values(tests), zone, after, until)


def date_change_instants(date: int, operand: int | str, zone: ZoneInfo, after: int, until: int) -> Iterator[int]:
    """When a fixed date comes to a duration before or after now, or to a date that moves with now."""
    if isinstance(operand, int):
        ends = (date, date + 1, date - operand, date - operand + 1, date + operand, date + operand + 1)
        yield from (end for end in ends if after < end < until)
    elif operand.startswith("now"):
        yield from crossing_instants(operand, date, zone, after, until)


def relevant_zones(model: ContactModel) -> set[ZoneInfo]:
    """The account's zone and the contact's: a leaf may use either."""
    return {zone_for({}, model), zone_for({"in_zone": "contact"}, model)}


def _dates_of(text: str, model: ContactModel) -> set[int]:
    """What a text may mean as a date: its instant, or where its day begins and ends in the account's and the
    contact's zone.
    """
    zones = relevant_zones(model)
    if is_day(text):
        return {end for zone in zones for end in day_span(text, zone)}
    return {date for zone in zones if (date := parse_instant(text, zone)) is not None}


def day_starts(zone: ZoneInfo, after: int, until: int) -> Iterator[int]:
    """Instants in (after, until) at which another local day begins, also that at which clocks go back into the day
    before; a doubled midnight gives both.
    """
    day = datetime.combine(to_local(after, zone), datetime.min.time())
    while (start := instant_from_local(day, zone)) < until:
        again = _second_midnight(day, zone)
        instants = [start, again]
        if start < again:
            date = day.date()
            instants.append(first_change(lambda at: to_local(at, zone).date() == date, start, again - 1))  # noqa: B023
        yield from (instant for instant in instants if after < instant < until)
        day += timedelta(days=1)


def _second_midnight(day: datetime, zone: ZoneInfo) -> int:
    shown = day.replace(tzinfo=zone, fold=1)
    return round(shown.timestamp() * 1000)


def _date_instants(date: int, operands: Iterable[int | str], zone: ZoneInfo, after: int, until: int) -> Iterator[int]:
    for x in operands:
        yield from date_change_instants(date, x, zone, after, until)


def _has_anniversary_operator(leaf: Any) -> bool:
    if isinstance(leaf, dict):
        return "anniversary_within" in leaf or any(_has_anniversary_operator(part) for part in leaf.values())
    return False

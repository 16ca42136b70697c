"""When time alone may change a property leaf: rather too many instants than too few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from streams.verify.recompute.conditions.dates import instant_at, instant_of, local
from streams.verify.recompute.conditions.operands import operands, texts
from streams.verify.recompute.conditions.operators import zone_for
from streams.verify.recompute.conditions.relative_dates import meets
from streams.verify.recompute.model import Condition, World


def of_property(leaf: Condition, worlds: Iterable[World], after: int, until: int) -> Iterator[int]:
    """Instants in (after, until) for every value that the property has in one of the worlds, in each one's zones."""
    if "property" not in leaf:
        return  # tags: no date is among them
    name = leaf["property"] if isinstance(leaf["property"], str) else leaf["property"][0]
    asked = list(operands(leaf))
    if not any(isinstance(x, int) or x.startswith("now") for x in asked):
        return
    seen: set[tuple[int, str]] = set()
    for world in worlds:
        for zone in zones(world):
            if _speaks_of_days(leaf):
                yield from day_starts(zone, after, until)
            for text in texts(world.properties.get(name)):
                date = instant_of(text, zone)
                if date is not None and (date, zone.key) not in seen:
                    seen.add((date, zone.key))
                    yield from _about(date, asked, zone, after, until)


def of_date(date: int, x: int | str, zone: ZoneInfo, after: int, until: int) -> Iterator[int]:
    """When a date that stands still comes to a length of time before or behind now, or to a date that moves."""
    if isinstance(x, int):
        ends = (date, date + 1, date - x, date - x + 1, date + x, date + x + 1)
        yield from (end for end in ends if after < end < until)
    elif x.startswith("now"):
        yield from meets(x, date, zone, after, until)


def zones(world: World) -> set[ZoneInfo]:
    """The account's zone and the contact's, whichever a leaf may speak in."""
    return {zone_for({}, world), zone_for({"in_zone": "contact"}, world)}


def day_starts(zone: ZoneInfo, after: int, until: int) -> Iterator[int]:
    """Local midnights in (after, until), both of a midnight that comes twice."""
    day = datetime.combine(local(after, zone), datetime.min.time())
    while (start := instant_at(day, zone)) < until:
        for midnight in (start, _second(day, zone)):
            if after < midnight < until:
                yield midnight
        day += timedelta(days=1)


def _second(day: datetime, zone: ZoneInfo) -> int:
    shown = day.replace(tzinfo=zone, fold=1)
    return round(shown.timestamp() * 1000)


def _about(date: int, asked: Iterable[int | str], zone: ZoneInfo, after: int, until: int) -> Iterator[int]:
    for x in asked:
        yield from of_date(date, x, zone, after, until)


def _speaks_of_days(leaf: Any) -> bool:
    if isinstance(leaf, dict):
        return "anniversary_within" in leaf or any(_speaks_of_days(part) for part in leaf.values())
    return False

"""`held_for`: the leaf has been true at every instant of that time, asked at each instant that may tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from streams.batch.dates import instant_of, length, span
from streams.batch.properties import property_holds
from streams.batch.world import Condition, World

EVERY_MS = 10_000
"""Up to this length (ms) every single millisecond is tried."""

QUARTER = 900_000
"""Local days begin and clocks change at quarters of an hour."""


def held(leaf: Condition, world: World, now: int) -> bool:
    """True at every instant, and the contact was there all the time.

    Beyond `EVERY_MS` the instants tried are the patches, the quarters of an hour, the ends of the lengths of time
    that the leaf names about the dates that the property had, and a millisecond before and after each. What that
    can miss is less than a quarter of an hour in which `now/m` or `now/s` alone makes the leaf untrue.
    """
    since = now - length(leaf["held_for"])
    if since < world.created:
        return False
    return all(property_holds(leaf, _as_of(world, at), at) for at in _instants(leaf, world, since, now))


def _as_of(world: World, at: int) -> World:
    """With the properties as they were at an instant, after everything that happened at it."""
    known = [properties for since, properties in world.patches if since <= at]
    return replace(world, properties=known[-1] if known else {})


def _instants(leaf: Condition, world: World, since: int, now: int) -> Iterator[int]:
    if now - since <= EVERY_MS:
        yield from range(since, now + 1)
        return
    telling = {since, now, *(at for at, _ in world.patches)}
    if _speaks_of_now(leaf):
        telling.update(range(since - since % QUARTER, now, QUARTER))
        telling.update(_ends(leaf, world))
    for instant in sorted({near for at in telling for near in (at - 1, at, at + 1)}):
        if since <= instant <= now:
            yield instant


def _speaks_of_now(leaf: Condition) -> bool:
    return any(isinstance(x, int) or "now" in x for x in _operands(leaf))


def _ends(leaf: Condition, world: World) -> Iterator[int]:
    """About where a date that the property had meets the operands."""
    zone = ZoneInfo(world.zone)
    dates = [at for _, known in world.patches for text in _texts(known) if (at := instant_of(text, zone)) is not None]
    for date in dates:
        yield date
        for x in _operands(leaf):
            if isinstance(x, int):
                yield from (date - x, date + x)
            elif x.startswith("now"):
                yield 2 * date - span(x, date, zone)[0]


def _operands(leaf: Any) -> Iterator[int | str]:
    """Lengths of time, and texts, at any depth."""
    for name, x in leaf.items():
        if name in ("property", "held_for"):
            continue
        for one in x if isinstance(x, list) else [x]:
            if isinstance(one, dict):
                yield from _operands(one)
            elif name in ("within_last", "within_next", "older_than", "anniversary_within"):
                yield length(one)
            elif isinstance(one, str):
                yield one


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)

"""Leaves on visits and activities, asked of the whole history."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from streams.verify.recompute.conditions.dates import length, span
from streams.verify.recompute.conditions.operators import compares, passes, zone_for
from streams.verify.recompute.model import Condition, Event, World


def happened(leaf: Condition, world: World, now: int) -> bool:
    """A `visit` or `activity` leaf."""
    if "regular" in leaf:
        return _regular(leaf["regular"], [event.at for event in _done(leaf, world, now)], now)
    if "first" in leaf or "last" in leaf:
        return all(_is_end(which, leaf, world, now) for which in ("first", "last") if which in leaf)
    done = _done(leaf, world, now)
    number = sum(_in_window(event.at, leaf, world, now) for event in done)
    if leaf.get("never"):
        return number == 0
    return compares(number, leaf.get("count", {"gte": 1}))


def in_order(leaf: Condition, world: World, now: int) -> bool:
    """A `sequence`: `reached` are the events of the window at which the steps so far may end."""
    inside = [e for e in world.history if now - length(leaf["within"]) < e.at <= now and not e.too_late]
    inside.sort(key=lambda event: event.at)  # keeps the journal's order of equal instants
    first, *others = leaf["sequence"]
    reached = [place for place, event in enumerate(inside) if is_meant(event, first, world)]
    for step in others:
        reached = [
            place
            for place, event in enumerate(inside)
            if is_meant(event, step, world)
            and any(before < place and _in_reach(event.at - inside[before].at, leaf) for before in reached)
        ]
    return bool(reached)


def _in_reach(apart: int, leaf: Condition) -> bool:
    return length(leaf.get("min_gap", 0)) <= apart and ("gap" not in leaf or apart <= length(leaf["gap"]))


def _done(leaf: Condition, world: World, now: int) -> list[Event]:
    return [event for event in meant(leaf, world) if event.at <= now]


def meant(leaf: Condition, world: World) -> list[Event]:
    """The events of the leaf's kind that match its filter, in the journal's order.

    Whether one matches is asked once: an event stays as it was, and so does the zone until the next release.
    """
    wanted = leaf["visit"] if "visit" in leaf else leaf["activity"]
    _, asked, found = world.matching.get(id(wanted), (wanted, 0, []))
    if asked < len(world.history):
        found = found + [event for event in world.history[asked:] if is_meant(event, leaf, world)]
        world.matching[id(wanted)] = (wanted, len(world.history), found)
    return found


def is_meant(event: Event, leaf: Condition, world: World) -> bool:
    """Whether the event is of the leaf's kind and matches its filter."""
    if "visit" in leaf:
        return event.visit and _matches(event, leaf["visit"], world)
    return _matches(event, leaf["activity"], world)


def _matches(event: Event, wanted: Condition, world: World) -> bool:
    return all(passes(_field(event, key), ops, None, world, event.at) for key, ops in wanted.items())


def _in_window(at: int, leaf: Condition, world: World, now: int) -> bool:
    zone = zone_for(leaf, world)
    if "within" in leaf and not now - length(leaf["within"]) < at <= now:
        return False
    if "between_ago" in leaf:
        older, newer = (length(text) for text in leaf["between_ago"])
        if not now - older < at <= now - newer:
            return False
    if "since" in leaf and at < span(leaf["since"], now, zone)[0]:
        return False
    return not ("until" in leaf and at >= span(leaf["until"], now, zone)[1])


def _is_end(which: str, leaf: Condition, world: World, now: int) -> bool:
    """The first (latest) ever lies in the window and also matches; `sorted` keeps the journal's order of equals."""
    done = _done(leaf, world, now)
    on_time = sorted((event for event in done if not event.too_late), key=lambda event: event.at)
    if not on_time:
        return False
    event = on_time[0] if which == "first" else on_time[-1]
    also = {} if leaf[which] is True else leaf[which]
    return _in_window(event.at, leaf, world, now) and _matches(event, also, world)


def _regular(regular: Condition, instants: list[int], now: int) -> bool:
    each = length(regular["each"])
    filled = 0
    for period in range(regular["of"]):
        end = now - period * each
        filled += any(end - each < at <= end for at in instants)
    return filled >= int(regular["at_least"])


def _field(event: Event, key: str) -> Any:
    if key == "name":
        return event.name
    if key in ("url", "title", "referrer", "campaign"):
        return event.fields.get(key)
    if key in ("path", "host") or key.startswith("query."):
        url = _split(event.fields.get("url"))
        return None if url is None else _part(url, key)
    return event.fields.get("properties", {}).get(key)


def _split(url: str | None) -> SplitResult | None:
    """None where there is no address, or none that can be read."""
    try:
        return None if url is None else urlsplit(url)
    except ValueError:
        return None


def _part(url: SplitResult, key: str) -> str | None:
    if key == "path":
        return url.path or ("/" if url.netloc else None)
    if key == "host":
        return url.hostname
    given = parse_qsl(url.query, keep_blank_values=True)
    return next((value for name, value in given if name == key.removeprefix("query.")), None)

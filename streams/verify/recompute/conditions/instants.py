"""Instants at which time alone may change a leaf: rather too many than too few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from streams.verify.recompute.conditions.activities import matching_activities
from streams.verify.recompute.conditions.dates import to_ms
from streams.verify.recompute.conditions.evaluate import ACTIVITY_TIMES
from streams.verify.recompute.conditions.operators import zone_for
from streams.verify.recompute.conditions.property_instants import (
    created_change_instants,
    date_change_instants,
    property_change_instants,
)
from streams.verify.recompute.model import ContactModel, PlainCondition


def leaf_change_instants(leaf: PlainCondition, model: ContactModel, after: int, until: int) -> Iterator[int]:
    """Instants in (after, until); `model` does not change in between."""
    for instant in _candidate_instants(leaf, model, after, until):
        if after < instant < until:
            yield instant


def _candidate_instants(leaf: PlainCondition, model: ContactModel, after: int, until: int) -> Iterator[int]:
    if "visit" in leaf or "activity" in leaf:
        yield from _activity_instants(leaf, model, after, until)
    elif "sequence" in leaf:
        within = to_ms(leaf["within"])
        yield from (event.at + within for event in model.activities)
    elif "inactive_for" in leaf:
        lasts = to_ms(leaf["inactive_for"])
        yield from (at + lasts for at in (model.created, *(event.at for event in model.activities)))
    elif "held_for" in leaf:
        yield from _held_for_instants(leaf, model, after, until)
    elif "property" in leaf:
        yield from property_change_instants(leaf, [model], after, until)
    elif "created" in leaf:
        yield from created_change_instants(leaf["created"], model, after, until)
    else:
        for activity_time in ACTIVITY_TIMES:
            yield from _activity_time_instants(leaf.get(activity_time, {}), model, after, until)


def _activity_instants(leaf: PlainCondition, model: ContactModel, after: int, until: int) -> Iterator[int]:
    """When each event enters a window and leaves it."""
    lengths = [to_ms(leaf["within"])] if "within" in leaf else []
    lengths += [to_ms(ago) for ago in leaf.get("between_ago", [])]
    if "regular" in leaf:
        each = to_ms(leaf["regular"]["each"])
        lengths += [number * each for number in range(1, leaf["regular"]["of"] + 1)]
    moving = [leaf[name] for name in ("since", "until") if leaf.get(name, "").startswith("now")]
    zone = zone_for(leaf, model)
    for event in matching_activities(leaf, model):
        yield from (event.at + apart for apart in lengths)
        for text in moving:
            yield from date_change_instants(event.at, text, zone, after, until)


def _activity_time_instants(tests: PlainCondition, model: ContactModel, after: int, until: int) -> Iterator[int]:
    zone = zone_for(tests, model)
    for name, operand in tests.items():
        if name == "in_zone":
            continue
        x = to_ms(operand) if name in ("within_last", "older_than") else operand
        for event in model.activities:
            yield from date_change_instants(event.at, x, zone, after, until)


def _held_for_instants(leaf: PlainCondition, model: ContactModel, after: int, until: int) -> Iterator[int]:
    """When the leaf itself changes, and each of these instants plus `held_for`."""
    held_for = to_ms(leaf["held_for"])
    pasts = [replace(model, properties=history) for _, history in model.property_history]
    changes = {model.created, *(at for at, _ in model.property_history)}
    changes.update(property_change_instants(leaf, pasts, after - held_for - 1, until))
    for change in changes:
        yield from (change, change + held_for)

"""Leaves on visits and activities, evaluated over the whole history."""

from __future__ import annotations

from streams.verify.recompute.conditions.aggregates import AGGREGATES, aggregate_holds
from streams.verify.recompute.conditions.dates import date_span, to_ms
from streams.verify.recompute.conditions.event_fields import field_value
from streams.verify.recompute.conditions.numbers import number_holds
from streams.verify.recompute.conditions.operators import passes, zone_for
from streams.verify.recompute.model import ContactModel, HistoryActivity, PlainCondition


def activity_leaf_holds(leaf: PlainCondition, model: ContactModel, now: int) -> bool:
    """Whether a `visit` or `activity` leaf holds."""
    if "regular" in leaf:
        return _regular_holds(leaf["regular"], [event.at for event in _past_activities(leaf, model, now)], now)
    if "first" in leaf or "last" in leaf:
        return all(_first_or_last_holds(which, leaf, model, now) for which in ("first", "last") if which in leaf)
    done = [event for event in _past_activities(leaf, model, now) if _in_window(event.at, leaf, model, now)]
    aggregates = [name for name in AGGREGATES if name in leaf]
    if aggregates:
        return all(aggregate_holds(name, leaf[name], done, model.engine_version) for name in aggregates)
    if leaf.get("never"):
        return not done
    return number_holds(len(done), leaf.get("count", {"gte": 1}))


def sequence_holds(leaf: PlainCondition, model: ContactModel, now: int) -> bool:
    """Whether a `sequence` holds. `reached` are the events in the window at which the steps so far may end."""
    in_window = [e for e in model.activities if now - to_ms(leaf["within"]) < e.at <= now and not e.is_too_late]
    in_window.sort(key=lambda event: event.at)  # keeps the journal's order of equal instants
    first, *others = leaf["sequence"]
    reached = [index for index, event in enumerate(in_window) if matches_leaf(event, first, model)]
    for step in others:
        reached = [
            place
            for place, event in enumerate(in_window)
            if matches_leaf(event, step, model)
            and any(before < place and _gap_fits(event.at - in_window[before].at, leaf) for before in reached)
        ]
    return bool(reached)


def _gap_fits(apart: int, leaf: PlainCondition) -> bool:
    return to_ms(leaf.get("min_gap", 0)) <= apart and ("gap" not in leaf or apart <= to_ms(leaf["gap"]))


def _past_activities(leaf: PlainCondition, model: ContactModel, now: int) -> list[HistoryActivity]:
    return [event for event in matching_activities(leaf, model) if event.at <= now]


def matching_activities(leaf: PlainCondition, model: ContactModel) -> list[HistoryActivity]:
    """The events of the leaf's subject that match its filter, in the journal's order.

    Whether one matches is asked once: an event stays as it was, and so does the zone until the next release.
    """
    filters = leaf["visit"] if "visit" in leaf else leaf["activity"]
    _, checked, matches = model.matching_cache.get(id(filters), (filters, 0, []))
    if checked < len(model.activities):
        matches = matches + [event for event in model.activities[checked:] if matches_leaf(event, leaf, model)]
        model.matching_cache[id(filters)] = (filters, len(model.activities), matches)
    return matches


def matches_leaf(activity: HistoryActivity, leaf: PlainCondition, model: ContactModel) -> bool:
    """Whether the event has the leaf's subject and matches its filter."""
    if "visit" in leaf:
        return activity.is_visit and _matches(activity, leaf["visit"], model)
    return _matches(activity, leaf["activity"], model)


def _matches(activity: HistoryActivity, field_operators: PlainCondition, model: ContactModel) -> bool:
    return all(
        passes(field_value(activity, key, model.engine_version), ops, None, model, activity.at)
        for key, ops in field_operators.items()
    )


def _in_window(at: int, leaf: PlainCondition, model: ContactModel, now: int) -> bool:
    zone = zone_for(leaf, model)
    if "within" in leaf and not now - to_ms(leaf["within"]) < at <= now:
        return False
    if "between_ago" in leaf:
        older, newer = (to_ms(text) for text in leaf["between_ago"])
        if not now - older < at <= now - newer:
            return False
    if "since" in leaf and at < date_span(leaf["since"], now, zone)[0]:
        return False
    return not ("until" in leaf and at >= date_span(leaf["until"], now, zone)[1])


def _first_or_last_holds(which: str, leaf: PlainCondition, model: ContactModel, now: int) -> bool:
    """Whether the first (latest) event ever lies in the window and also matches; equal instants keep journal
    order.
    """
    done = _past_activities(leaf, model, now)
    on_time = sorted((event for event in done if not event.is_too_late), key=lambda event: event.at)
    if not on_time:
        return False
    event = on_time[0] if which == "first" else on_time[-1]
    also = {} if leaf[which] is True else leaf[which]
    return _in_window(event.at, leaf, model, now) and _matches(event, also, model)


def _regular_holds(regular: PlainCondition, instants: list[int], now: int) -> bool:
    each = to_ms(regular["each"])
    filled = 0
    for period in range(regular["of"]):
        end = now - period * each
        filled += sum(end - each < at <= end for at in instants) >= regular.get("times", 1)
    return filled >= int(regular["at_least"])

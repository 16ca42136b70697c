"""Date leaves agree with the reference evaluator around changes of clocks and ends of months."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.definitions import PropertyType
from schemas.time_zones import require_zone
from schemas.values import instant_ms, instant_text
from streams.engine.state.contact import Contact
from tests.harness.engine.conditions import compile_dict, contact, evaluation_context
from tests.harness.engine.reference_evaluator import ContactModel, to_local
from tests.harness.engine.reference_evaluator import date_span as reference_span
from tests.harness.engine.reference_evaluator import holds as reference_holds

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
STARTS = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("Europe/Berlin", "2028-02-29T12:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("America/New_York", "2026-01-01T05:00:00Z"),
    ("Asia/Kolkata", "2026-05-31T18:30:00Z"),
    ("UTC", "2026-12-31T00:00:00Z"),
]
STEPS = ["-1d", "+1d", "-1w", "-1M", "+1M", "-1y", "-6h", "+90m", "/d", "/w", "/M", "/y", "/h", "/m", "-30s"]

arithmetic = st.lists(st.sampled_from(STEPS), max_size=3).map("".join)
lengths = st.sampled_from(["90s", "12h", "1d", "3d", "2w", "60d"])


@st.composite
def starts(draw: st.DrawFn) -> tuple[str, int]:
    zone, text = draw(st.sampled_from(STARTS))
    offset = draw(st.sampled_from([0, 1, -1, HOUR, -HOUR, DAY, -DAY]))
    return zone, instant_ms(text) + offset + draw(st.integers(-3 * DAY, 3 * DAY)) // (15 * MINUTE) * (15 * MINUTE)


@st.composite
def leaves(draw: st.DrawFn, zone: str, now: int) -> tuple[dict[str, Any], int]:
    """Draws operators, and an instant near which their truth changes."""
    name = draw(st.sampled_from(["compare", "between", "length", "anniversary"]))
    if name == "length":
        operator = draw(st.sampled_from(["within_last", "within_next", "older_than"]))
        return {operator: draw(lengths)}, now
    if name == "anniversary":
        return {"anniversary_within": draw(lengths)}, now - 365 * DAY * draw(st.integers(0, 3))
    values = ["now" + draw(arithmetic), "now" + draw(arithmetic)]
    day = str(to_local(now, require_zone(zone)).date())
    values.append(draw(st.sampled_from([day, day + "||-1M", day + "||/M", instant_text(now), day + "||+6h"])))
    around = reference_span(values[0], now, require_zone(zone))[0]
    if name == "between":
        return {"between": draw(st.permutations(values))[:2]}, around
    operator = draw(st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte", "before", "after"]))
    return {operator: draw(st.sampled_from([values[0], values[2]]))}, around


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_date_leaf_is_right_at_every_instant_and_never_changes_before_it_is_due(data: st.DataObject) -> None:
    zone, now = data.draw(starts())
    operators, around = data.draw(leaves(zone, now))
    kinds: tuple[PropertyType, ...] = ("date", "datetime")
    kind = data.draw(st.sampled_from(kinds))
    far = st.sampled_from([0, 1, -1, HOUR, -HOUR, DAY, -DAY, 3 * DAY - HOUR, 40 * DAY, -40 * DAY])
    instant = around + data.draw(far)
    value = str(to_local(instant, require_zone(zone)).date()) if kind == "date" else instant_text(instant)
    leaf = {"property": "when", **operators}
    model = ContactModel({"when": value}, {"when": kind}, zone=zone)
    node = compile_dict(leaf, zone, when=kind).node
    _assert_walk(node, leaf, model, contact(properties=model.properties), now)


def _assert_walk(node: Any, leaf: dict[str, Any], model: ContactModel, state: Contact, now: int) -> None:
    """Goes from due to due for some days, and checks every quarter of an hour, with the ms before and after it."""
    end = now + 4 * DAY
    for _ in range(12):
        truth = node.holds(evaluation_context(state, now))
        assert truth is reference_holds(leaf, model, now)
        due = node.due(evaluation_context(state, now))
        assert due is None or due > now
        limit = end if due is None else min(due, end)
        assert _first_change(leaf, model, truth, range(now, limit, 15 * MINUTE)) is None
        if due is None:
            assert _first_change(leaf, model, truth, range(limit, limit + 800 * DAY, DAY)) is None
            return
        if due > end:
            assert _first_change(leaf, model, truth, range(limit, due, max((due - limit) // 50, 1))) is None
            return
        now = due


def _first_change(leaf: dict[str, Any], model: ContactModel, truth: bool, instants: range) -> int | None:
    """Returns the first checked instant, strictly inside the range, at which the reference truth differs."""
    start, end, step = instants.start, instants.stop, instants.step
    candidates = [start + 1, end - 1]
    for instant in range(start - start % step + step, end + step, step):
        candidates += [instant - 1, instant, instant + 1]
    inside = (instant for instant in candidates if start < instant < end)
    return next((instant for instant in inside if reference_holds(leaf, model, instant) is not truth), None)

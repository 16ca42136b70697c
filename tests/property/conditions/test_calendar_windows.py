"""Counted windows with edges relative to now, or in the contact's time zone, against the whole history."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.values import instant_ms
from streams.engine.conditions.protocols import Activity, CompiledCondition
from streams.engine.state.contact import Contact
from tests.harness.engine.conditions import compile_dict, contact, evaluation_context
from tests.harness.engine.reference_evaluator import ContactModel, HistoryActivity
from tests.harness.engine.reference_evaluator import holds as reference_holds

MINUTE, HOUR = 60_000, 3_600_000
QUARTER, DAY = 15 * MINUTE, 24 * HOUR
ZONES = ["Europe/Berlin", "America/Sao_Paulo", "Asia/Tokyo", "Pacific/Kiritimati"]
STARTS = ["2026-03-27T00:00:00Z", "2026-10-23T12:00:00Z", "2018-11-02T00:00:00Z", "2026-02-27T00:00:00Z"]

counts = st.sampled_from([{"gte": 1}, {"gte": 3}, {"eq": 0}, {"eq": 2}, {"between": [1, 2]}, {"lt": 2}])
values = st.sampled_from(
    ["now/d", "now-1d", "now/d-1d", "now/w", "now-6h/d", "now-1M/M", "now-36h", "now/h-2h", "START", "START||+1d"]
)


@st.composite
def windows(draw: st.DrawFn, start: str) -> dict[str, Any]:
    shape: dict[str, Any] = {"in_zone": draw(st.sampled_from(["account", "contact"]))}
    if draw(st.booleans()):
        shape["within"] = draw(st.sampled_from(["5h", "3d"]))
    elif draw(st.booleans()):
        shape["between_ago"] = ["3d", "6h"]
    for name in ("since", "until"):
        if draw(st.booleans()):
            shape[name] = draw(values).replace("START", start[:10])
    return shape


AMOUNTS: dict[str, dict[str, Any]] = {"count": {}, "sum": {"of": "one"}, "distinct": {"of": "id"}}
"""What comes to the number of events: their count, the sum of a 1 of each, how many different ids they have."""

passing = st.tuples(st.sampled_from([0, MINUTE, 5 * HOUR, DAY]), st.sampled_from([0, 0, HOUR, 2 * DAY]))


@settings(max_examples=300, deadline=None)
@given(st.data(), counts, st.lists(passing, max_size=8), st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_windows_that_follow_the_calendar(
    data: st.DataObject, count: dict[str, Any], history: list[tuple[int, int]], zone: str, own_zone: str
) -> None:
    start, amount = data.draw(st.sampled_from(STARTS)), data.draw(st.sampled_from(sorted(AMOUNTS)))
    window = data.draw(windows(start))
    leaf = {"visit": {}, "count": count, **window}
    compiled = compile_dict({"visit": {}, amount: {**AMOUNTS[amount], **count}, **window}, zone)
    model = ContactModel({"time_zone": own_zone}, zone=zone)
    state = contact(properties=model.properties)
    now = instant_ms(start)
    for number, (elapsed, late) in enumerate(history):
        _assert_walk(compiled, leaf, model, state, (now, now + elapsed))
        now += elapsed
        model.activities.append(HistoryActivity(now - late))
        (counter,) = compiled.counters
        activity = Activity(now - late, "visit", True, {"properties": {"one": 1, "id": number}})
        assert counter.matches(activity)
        state.counts[counter.key] = counter.update(state.counts.get(counter.key, []), activity, now)
    _assert_walk(compiled, leaf, model, state, (now, now + 2 * DAY))


def _assert_walk(
    compiled: CompiledCondition, leaf: dict[str, Any], model: ContactModel, state: Contact, span: tuple[int, int]
) -> None:
    """Goes from due to due, and checks every quarter of an hour in between, with the ms before and after it."""
    now, end = span
    while now <= end:
        truth = compiled.node.holds(evaluation_context(state, now))
        assert truth is reference_holds(leaf, model, now)
        due = compiled.node.due(evaluation_context(state, now))
        assert due is None or due > now
        limit = end if due is None else min(due, end)
        for instant in _instants_between(now, limit):
            assert reference_holds(leaf, model, instant) is truth, f"changed at {instant}, due at {due}"
        if due is None:
            return
        now = due


def _instants_between(start: int, end: int) -> list[int]:
    instants = [start + 1, end - 1]
    for quarter in range(start - start % QUARTER + QUARTER, end, QUARTER):
        instants += [quarter - 1, quarter, quarter + 1]
    return [instant for instant in instants if start < instant < end]

"""Anniversaries where a local day comes twice: clocks go back shortly after midnight, into the day before."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.time_zones import require_zone
from schemas.values import instant_ms
from streams.verify.recompute.conditions.property_instants import property_change_instants
from tests.harness.engine.conditions import compile_dict, contact, evaluation_context
from tests.harness.engine.reference_evaluator import ContactModel, holds, to_local

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
ZONES = [
    ("America/St_Johns", "2006-10-29T02:31:00Z"),  # from 00:01 to 23:01
    ("America/Goose_Bay", "2009-11-01T03:01:00Z"),
    ("America/Phoenix", "1944-01-01T06:01:00Z"),
    ("Antarctica/Casey", "2010-03-04T15:00:00Z"),  # from 02:00 to 23:00
    ("America/Havana", "2026-11-01T05:00:00Z"),  # from 01:00 to 00:00 of the same day
    ("America/Asuncion", "2015-03-22T03:00:00Z"),  # from 00:00 to 23:00: midnight comes once
    ("America/Santiago", "2026-09-06T04:00:00Z"),  # from 00:00 to 01:00
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),  # a day is left out
]


@st.composite
def anniversaries(draw: st.DrawFn) -> tuple[dict[str, Any], ContactModel, int]:
    """Draws a leaf, a contact whose anniversary is near the change of clocks, and an instant near both."""
    zone, text = draw(st.sampled_from(ZONES))
    change = instant_ms(text)
    length = draw(st.integers(0, 2))
    days_before = draw(st.integers(-1, 3))
    month_and_day = str(to_local(change + days_before * DAY, require_zone(zone)).date())[4:]
    leaf = {"property": "born", "anniversary_within": f"{length}d"}
    model = ContactModel({"born": "1900" + month_and_day}, {"born": "date"}, zone=zone)
    return leaf, model, change + draw(st.integers(-150, 150)) * MINUTE + draw(st.integers(-1, 1))


def turns(leaf: dict[str, Any], model: ContactModel, after: int, until: int) -> list[int]:
    """The minutes, and the ms before and after each, before which the truth is another one than at the last."""
    candidates = [after]
    for minute in range(after // MINUTE + 1, until // MINUTE):
        candidates += [minute * MINUTE + ms for ms in (-1, 0, 1) if minute * MINUTE + ms > after]
    truths = [holds(leaf, model, now) for now in candidates]
    return [candidates[n] for n in range(1, len(candidates)) if truths[n] is not truths[n - 1]]


@settings(max_examples=60, deadline=None)
@given(anniversaries())
def test_an_anniversary_is_due_also_when_its_day_comes_back(case: tuple[dict[str, Any], ContactModel, int]) -> None:
    leaf, model, start = case
    now, end = start, start + 9 * HOUR
    node, state = compile_dict(leaf, model.zone, born="date").node, contact(properties=model.properties)
    expected = turns(leaf, model, start, end)
    found = []
    for _ in range(20):
        truth = node.holds(evaluation_context(state, now))
        assert truth is holds(leaf, model, now)
        due = node.due(evaluation_context(state, now))
        assert due is not None
        assert due > now
        if due >= end - MINUTE:
            break
        if node.holds(evaluation_context(state, due)) is not truth:
            found.append(due)
        now = due
    assert found == expected


@settings(max_examples=60, deadline=None)
@given(anniversaries())
def test_the_evaluator_asks_an_anniversary_whenever_it_turns(case: tuple[dict[str, Any], ContactModel, int]) -> None:
    leaf, model, start = case
    end = start + 9 * HOUR
    instants = set(property_change_instants(leaf, [model], start, end))
    assert set(turns(leaf, model, start, end)) <= instants

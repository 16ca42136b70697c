"""Date bounds relative to now: their position, and that they pass an instant only when they are due."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.time_zones import require_zone
from schemas.values import instant_ms
from streams.engine.conditions.dates.date_bounds import DateBound, parse_date_value
from tests.harness.engine.reference_evaluator import date_span as reference_span

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
HALF = 30 * MINUTE

CHANGES = [
    ("Europe/Berlin", "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", "2026-10-25T01:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("America/Havana", "2026-11-01T05:00:00Z"),
    ("UTC", "2028-03-01T00:00:00Z"),
    ("Asia/Kolkata", "2026-05-31T18:30:00Z"),
]
SHIFTS = ["-1d", "+1d", "-3d", "-1w", "-1M", "+1M", "-2M", "-1y", "-6h", "+90m", "-30s"]
ROUNDS = ["/d", "/w", "/M", "/y", "/h", "/m"]
BACK = {"-1d": DAY, "-3d": 3 * DAY, "-1w": 7 * DAY, "-6h": 6 * HOUR, "-1M": 30 * DAY, "-1y": 365 * DAY}

arithmetic = st.one_of(
    st.lists(st.sampled_from(SHIFTS), min_size=1, max_size=2).map("".join),
    st.tuples(
        st.lists(st.sampled_from(SHIFTS), max_size=2).map("".join),
        st.sampled_from(ROUNDS),
        st.sampled_from(["", *SHIFTS]),
    ).map("".join),
)
starts = st.sampled_from([-60 * HOUR, -49 * HOUR, -3 * HOUR, -HOUR, -30 * MINUTE, -1, 0, 30 * MINUTE])


@settings(max_examples=120, deadline=None)
@example(CHANGES[0], "-1d", -60 * HOUR, 0)  # forward, at now
@example(CHANGES[0], "-1d", -60 * HOUR, DAY)  # forward, at the bound
@example(CHANGES[1], "-1d", -3 * HOUR, 0)  # back, at now
@example(CHANGES[1], "-1d", -3 * HOUR, DAY)
@example(CHANGES[6], "-1w/w", -60 * HOUR, 0)
@example(CHANGES[8], "-1M", -60 * HOUR, 30 * DAY)
@given(st.sampled_from(CHANGES), arithmetic, starts, st.one_of(st.just(0), st.sampled_from(list(BACK.values()))))
def test_a_bound_passes_an_instant_only_when_it_is_due(
    change: tuple[str, str], steps: str, start: int, back: int
) -> None:
    """Checks instants near the bound when clocks change at now, or at the instant that the bound refers to."""
    zone, text = require_zone(change[0]), "now" + steps
    bound = parse_date_value(text).start
    pivot = instant_ms(change[1]) + back
    positions = _positions(text, zone, pivot + start)
    assert [bound.resolve(at, zone) for at, _ in positions] == [position for _, position in positions]
    for instant in _instants_around(text, zone, pivot):
        _assert_followed(bound, instant, pivot + start, positions, zone)


def _instants_around(text: str, zone: ZoneInfo, pivot: int) -> set[int]:
    positions = [reference_span(text, pivot + offset, zone)[0] for offset in (-HOUR, -1, 0, 1, HOUR)]
    return {position + offset for position in positions for offset in (-20 * MINUTE, -1, 0, 1, 20 * MINUTE)}


def _positions(text: str, zone: ZoneInfo, now: int) -> list[tuple[int, int]]:
    """Returns instant and position of the bound at each half hour of the next days, and a ms before and after it."""
    first = now - now % HALF
    instants = [now]
    for half in range(first, first + 66 * HOUR, HALF):
        instants += [half - 1, half, half + 1]
    return [(instant, reference_span(text, instant, zone)[0]) for instant in instants if instant >= now]


def _assert_followed(
    bound: DateBound, instant: int, now: int, positions: list[tuple[int, int]], zone: ZoneInfo
) -> None:
    due: int | None = now
    truth = False
    for at, position in positions:
        while due is not None and due <= at:
            truth = instant >= bound.resolve(due, zone)
            next_due = bound.due(instant, due, zone)
            assert next_due is None or next_due > due
            due = next_due
        assert (instant >= position) is truth, f"passed at {at}, due at {due}"


@pytest.mark.parametrize(
    "text", ["now/m", "now-1d/m", "now-1M/h", "now/h-6h", "now/d", "now/d-7d", "now/w-1w", "now/M"]
)
@pytest.mark.parametrize("distance", [1, 5, 1_000, 5 * MINUTE, 2 * DAY + 7])
def test_a_rounded_bound_is_due_a_few_times_only(text: str, distance: int) -> None:
    """It is not due every few ms up to the end of the unit, nor at the end of every minute for days."""
    zone, bound = require_zone("Europe/Berlin"), parse_date_value(text).start
    now = instant_ms("2026-03-20T12:00:00Z")
    instant = bound.resolve(now + 9 * DAY, zone) + distance
    assert len(list(_dues(bound, instant, now, zone))) < 80


@pytest.mark.parametrize("text", ["now-1898y", "now-693000d/d", "now-22760M/h"])
@pytest.mark.parametrize("offset", [-4 * DAY, -3 * DAY - 1, -1, 0, 1, 5, DAY, 3 * DAY + 1])
def test_a_bound_near_an_end_of_the_calendar_is_due_like_any_other(text: str, offset: int) -> None:
    zone, bound = require_zone("UTC"), parse_date_value(text).start
    now = instant_ms("1900-03-20T12:00:00Z")
    assert len(list(_dues(bound, bound.resolve(now, zone) + offset, now, zone))) < 80


def _dues(bound: DateBound, instant: int, now: int, zone: ZoneInfo) -> Iterator[int]:
    due = bound.due(instant, now, zone)
    while due is not None:
        yield due
        due = bound.due(instant, due, zone)

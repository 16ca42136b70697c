"""Edges that move with now: where they are, and never past an instant before they said so."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.time_zones import require_zone
from schemas.values import instant_ms
from streams.engine.conditions.dates.date_bounds import DateBound, parse_date_value
from tests.harness.engine.reference_evaluator import date_span as naive_span

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
@example(CHANGES[0], "-1d", -60 * HOUR, 0)  # forward, where now is
@example(CHANGES[0], "-1d", -60 * HOUR, DAY)  # forward, where it leads
@example(CHANGES[1], "-1d", -3 * HOUR, 0)  # back
@example(CHANGES[1], "-1d", -3 * HOUR, DAY)
@example(CHANGES[6], "-1w/w", -60 * HOUR, 0)
@example(CHANGES[8], "-1M", -60 * HOUR, 30 * DAY)
@given(st.sampled_from(CHANGES), arithmetic, starts, st.one_of(st.just(0), st.sampled_from(list(BACK.values()))))
def test_an_edge_passes_an_instant_only_where_it_was_due(
    change: tuple[str, str], steps: str, start: int, back: int
) -> None:
    """The instants looked at lie where the edge is when clocks change, or when it leads to where they change."""
    zone, text = require_zone(change[0]), "now" + steps
    edge = parse_date_value(text).start
    pivot = instant_ms(change[1]) + back
    track = _track(text, zone, pivot + start)
    assert [edge.resolve(at, zone) for at, _ in track] == [where for _, where in track]
    for instant in _instants_about(text, zone, pivot):
        _follow(edge, instant, pivot + start, track, zone)


def _instants_about(text: str, zone: ZoneInfo, pivot: int) -> set[int]:
    wheres = [naive_span(text, pivot + about, zone)[0] for about in (-HOUR, -1, 0, 1, HOUR)]
    return {where + near for where in wheres for near in (-20 * MINUTE, -1, 0, 1, 20 * MINUTE)}


def _track(text: str, zone: ZoneInfo, now: int) -> list[tuple[int, int]]:
    """Where the edge is at the half hours of the next days, and a ms before and after each."""
    first = now - now % HALF
    instants = [now]
    for half in range(first, first + 66 * HOUR, HALF):
        instants += [half - 1, half, half + 1]
    return [(instant, naive_span(text, instant, zone)[0]) for instant in instants if instant >= now]


def _follow(edge: DateBound, instant: int, now: int, track: list[tuple[int, int]], zone: ZoneInfo) -> None:
    due: int | None = now
    truth = False
    for at, where in track:
        while due is not None and due <= at:
            truth = instant >= edge.resolve(due, zone)
            following = edge.due(instant, due, zone)
            assert following is None or following > due
            due = following
        assert (instant >= where) is truth, f"passed at {at}, due at {due}"


@pytest.mark.parametrize(
    "text", ["now/m", "now-1d/m", "now-1M/h", "now/h-6h", "now/d", "now/d-7d", "now/w-1w", "now/M"]
)
@pytest.mark.parametrize("behind", [1, 5, 1_000, 5 * MINUTE, 2 * DAY + 7])
def test_an_edge_that_is_rounded_is_due_a_few_times_only(text: str, behind: int) -> None:
    """Not every few milliseconds up to the end of the unit, nor at the end of every minute for days."""
    zone, edge = require_zone("Europe/Berlin"), parse_date_value(text).start
    now = instant_ms("2026-03-20T12:00:00Z")
    instant = edge.resolve(now + 9 * DAY, zone) + behind
    assert len(list(_dues(edge, instant, now, zone))) < 80


@pytest.mark.parametrize("text", ["now-1898y", "now-693000d/d", "now-22760M/h"])
@pytest.mark.parametrize("about", [-4 * DAY, -3 * DAY - 1, -1, 0, 1, 5, DAY, 3 * DAY + 1])
def test_an_edge_near_an_end_of_the_calendar_goes_on_as_any_other(text: str, about: int) -> None:
    zone, edge = require_zone("UTC"), parse_date_value(text).start
    now = instant_ms("1900-03-20T12:00:00Z")
    assert len(list(_dues(edge, edge.resolve(now, zone) + about, now, zone))) < 80


def _dues(edge: DateBound, instant: int, now: int, zone: ZoneInfo) -> Iterator[int]:
    due = edge.due(instant, now, zone)
    while due is not None:
        yield due
        due = edge.due(instant, due, zone)

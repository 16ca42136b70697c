"""Visits in any order, with ticks in between, against a count over all of them (SPEC sections 5 and 6)."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.values import instant_ms
from tests.harness.engine.engine_driver import HOUR, START, EngineDriver, outputs_of_topic

WITHIN, LEAST = 24 * HOUR, 3
INACTIVE = 12 * HOUR
END = START + 200 * HOUR

SEGMENTS: list[dict[str, Any]] = [
    {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": LEAST}, "within": "24h"}},
    {"id": "asleep", "dynamic": True, "when": {"inactive_for": "12h"}},
]


def busy(visits: list[int], instant: int) -> bool:
    return sum(instant - WITHIN < at <= instant for at in visits) >= LEAST


def asleep(visits: list[int], instant: int) -> bool:
    return all(at + INACTIVE <= instant for at in visits)


def changes_of(told: list[dict[str, Any]], segment: str) -> list[tuple[str, bool]]:
    changes = outputs_of_topic(told, "segment-changes")
    return [(each["at"], each["type"] == "segment.entered") for each in changes if each["segment"] == segment]


def visits_of(chance: random.Random, most: int) -> list[int]:
    """Many at the same instants, many exactly one window apart."""
    hours = [chance.choice((0, 1, 12, 24, 25)) + chance.randint(0, 40) for _ in range(chance.randint(1, most))]
    return [START + hour * HOUR for hour in hours]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_after_any_order_of_arrival_memberships_are_those_of_all_that_happened(seed: int) -> None:
    chance = random.Random(seed)
    visits = visits_of(chance, 12)
    story = EngineDriver(segments=SEGMENTS)
    seen: list[int] = []
    latest = START
    for at in visits:
        story.visit(at)
        seen.append(at)
        if chance.random() < 0.3:
            latest = max(latest, *seen) + chance.randint(0, 30) * HOUR
            story.tick(latest)
        now = max(story.contact().clock, latest)
        # What is due at the instant of the last tick is still open; one millisecond before it everything is told.
        closed = now if story.contact().clock == now and at <= now and latest < now else None
        if closed is not None:
            assert ("busy" in story.members()) == busy(seen, closed)
            assert ("asleep" in story.members()) == asleep(seen, closed)
    story.tick(END)
    assert ("busy" in story.members()) == busy(visits, END - 1)
    assert ("asleep" in story.members()) == asleep(visits, END - 1)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_in_order_every_change_comes_at_its_exact_instant(seed: int) -> None:
    visits = sorted(visits_of(random.Random(seed), 12))
    story = EngineDriver(segments=SEGMENTS)
    told = [output for at in visits for output in story.visit(at)] + story.tick(END)
    for segment, holds in (("busy", busy), ("asleep", asleep)):
        expected, before = [], False
        for instant in sorted({edge for at in visits for edge in (at, at + WITHIN, at + INACTIVE)}):
            after = holds([at for at in visits if at <= instant], instant)
            if after != before:
                expected.append((instant, after))
            before = after
        assert [(instant_ms(at), entered) for at, entered in changes_of(told, segment)] == expected


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_ticks_in_between_change_neither_what_nor_when(seed: int) -> None:
    chance = random.Random(seed)
    visits = sorted(visits_of(chance, 10))
    plain, ticked = EngineDriver(segments=SEGMENTS), EngineDriver(segments=SEGMENTS)
    without = [output for at in visits for output in plain.visit(at)] + plain.tick(END)
    having: list[dict[str, Any]] = []
    for at in visits:
        having += ticked.tick(at - chance.choice((0, 1, HOUR)))
        having += ticked.visit(at)
    having += ticked.tick(END)
    for segment in ("busy", "asleep"):
        assert changes_of(having, segment) == changes_of(without, segment)

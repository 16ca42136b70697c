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


def changes_of(outputs: list[dict[str, Any]], segment: str) -> list[tuple[str, bool]]:
    changes = outputs_of_topic(outputs, "segment-changes")
    return [(change["at"], change["type"] == "segment.entered") for change in changes if change["segment"] == segment]


def visits_of(chance: random.Random, most: int) -> list[int]:
    """Draws visits, many at the same instants and many exactly one window apart."""
    hours = [chance.choice((0, 1, 12, 24, 25)) + chance.randint(0, 40) for _ in range(chance.randint(1, most))]
    return [START + hour * HOUR for hour in hours]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_memberships_do_not_depend_on_the_order_of_arrival(seed: int) -> None:
    chance = random.Random(seed)
    visits = visits_of(chance, 12)
    driver = EngineDriver(segments=SEGMENTS)
    arrived: list[int] = []
    latest = START
    for at in visits:
        driver.visit(at)
        arrived.append(at)
        if chance.random() < 0.3:
            latest = max(latest, *arrived) + chance.randint(0, 30) * HOUR
            driver.tick(latest)
        now = max(driver.contact().clock, latest)
        # What is due at the instant of the last tick is still open; one millisecond before it everything is decided.
        closed = now if driver.contact().clock == now and at <= now and latest < now else None
        if closed is not None:
            assert ("busy" in driver.members()) == busy(arrived, closed)
            assert ("asleep" in driver.members()) == asleep(arrived, closed)
    driver.tick(END)
    assert ("busy" in driver.members()) == busy(visits, END - 1)
    assert ("asleep" in driver.members()) == asleep(visits, END - 1)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9))
def test_in_order_every_change_comes_at_its_exact_instant(seed: int) -> None:
    visits = sorted(visits_of(random.Random(seed), 12))
    driver = EngineDriver(segments=SEGMENTS)
    outputs = [output for at in visits for output in driver.visit(at)] + driver.tick(END)
    for segment, holds in (("busy", busy), ("asleep", asleep)):
        expected, before = [], False
        for instant in sorted({edge for at in visits for edge in (at, at + WITHIN, at + INACTIVE)}):
            after = holds([at for at in visits if at <= instant], instant)
            if after != before:
                expected.append((instant, after))
            before = after
        assert [(instant_ms(at), entered) for at, entered in changes_of(outputs, segment)] == expected


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_ticks_in_between_change_neither_what_nor_when(seed: int) -> None:
    chance = random.Random(seed)
    visits = sorted(visits_of(chance, 10))
    plain, ticked = EngineDriver(segments=SEGMENTS), EngineDriver(segments=SEGMENTS)
    without = [output for at in visits for output in plain.visit(at)] + plain.tick(END)
    with_ticks: list[dict[str, Any]] = []
    for at in visits:
        with_ticks += ticked.tick(at - chance.choice((0, 1, HOUR)))
        with_ticks += ticked.visit(at)
    with_ticks += ticked.tick(END)
    for segment in ("busy", "asleep"):
        assert changes_of(with_ticks, segment) == changes_of(without, segment)

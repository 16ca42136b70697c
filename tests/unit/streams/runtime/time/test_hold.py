"""The partition that time waits for, and why it is not further."""

from __future__ import annotations

import pytest

from streams.kafka.partitions import Partition
from streams.runtime.time.alignment import AlignmentSettings
from streams.runtime.time.claims import Claim, Claims
from streams.runtime.time.clock_advances import ClockAdvance
from streams.runtime.time.hold import HoldReason, TimeHold, events_hold, hold_reason, wall_hold

VISITS = Partition("web-visits", 0)
SCORES = Partition("scoring-events", 0)
BOTH = [VISITS, SCORES]
RULES = AlignmentSettings(in_step=10_000, patience=60_000, stuck_after=600_000)


def claims_of(**claims: Claim) -> Claims:
    """Claims of the two partitions."""
    result = Claims()
    for name, claim in claims.items():
        result.add({"visits": VISITS, "scores": SCORES}[name], claim, timestamp=100_000)
    return result


def test_on_the_wall_clock_it_is_the_one_with_the_smallest_claim() -> None:
    claims = claims_of(visits=Claim(9_000, 1, readable=True), scores=Claim(8_000, 1))
    assert wall_hold(BOTH, claims, RULES) == TimeHold(SCORES, HoldReason.NONE, 8_000)


def test_one_that_nobody_has_read_comes_first() -> None:
    assert wall_hold(BOTH, claims_of(visits=Claim(9_000, 1)), RULES) == TimeHold(SCORES, HoldReason.NOT_READ, 0)


def test_one_that_is_left_out_holds_nothing_back() -> None:
    stuck = Claim(1_000, 1, stable=1, high=2, stuck=600_000)
    assert wall_hold([VISITS], claims_of(visits=stuck), RULES) is None


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (Claim(1, 1, stopped="outside the log", stuck=5, stable=1, high=2), HoldReason.STOPPED),
        (Claim(1, 1, readable=True, stuck=5, stable=1, high=2), HoldReason.OPEN_TRANSACTION),
        (Claim(1, 1, readable=True, stable=2, high=2), HoldReason.BACKLOG),
        (Claim(1, 2, stable=2, high=2), HoldReason.NONE),
    ],
)
def test_the_reason(claim: Claim, reason: HoldReason) -> None:
    assert hold_reason(claim) is reason


def test_on_the_events_clock_it_is_the_first_that_is_not_read_to_the_end_that_was_named() -> None:
    claims = claims_of(visits=Claim(9_000, 4, readable=True), scores=Claim(8_000, 7))
    advance = ClockAdvance(0, "default", 10_000, {SCORES: 7, VISITS: 5})
    assert events_hold(BOTH, claims, advance) == TimeHold(VISITS, HoldReason.BACKLOG, 9_000)
    assert events_hold(BOTH, claims, ClockAdvance(0, "default", 10_000, {SCORES: 7, VISITS: 4})) is None
    assert events_hold(BOTH, claims, None) is None

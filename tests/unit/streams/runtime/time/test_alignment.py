"""After an outage records enter the journal by arrival across source partitions."""

from __future__ import annotations

import pytest

from streams.kafka.partitions import Partition
from streams.runtime.time.alignment import Alignment, AlignmentSettings, smallest_claim
from streams.runtime.time.claims import Claim, Claims

VISITS = Partition("web-visits", 0)
CHANGES = Partition("contact-changes", 0)
BOTH = [VISITS, CHANGES]
RULES = AlignmentSettings(in_step=10_000, patience=60_000, stuck_after=600_000)
DAY = 86_400_000


@pytest.fixture
def claims() -> Claims:
    """Both partitions are two days behind and readable; their owners publish claims."""
    claims = Claims()
    add_claim(claims, VISITS, claim=0)
    add_claim(claims, CHANGES, claim=0)
    return claims


def add_claim(claims: Claims, partition: Partition, *, claim: int, at: int = 2 * DAY, **more: object) -> None:
    """Adds a claim that an owner published."""
    facts: dict[str, object] = {"position": 0, "readable": True, **more}
    claims.add(partition, Claim(claim=claim, **facts), timestamp=at)  # type: ignore[arg-type]  # a test's shorthand


def horizon(in_step: Alignment, claims: Claims, latest: int, now: int = 2 * DAY) -> int | None:
    """The latest arrival that may enter the journal now."""
    return in_step.horizon(BOTH, claims, latest, now)


def test_a_record_in_step_with_everybody_is_not_held_back(claims: Claims) -> None:
    assert horizon(Alignment(RULES), claims, latest=10_000) is None


def test_a_record_that_arrived_ten_seconds_after_the_smallest_claim_waits(claims: Claims) -> None:
    add_claim(claims, VISITS, claim=50_000)
    assert horizon(Alignment(RULES), claims, latest=10_001) == 10_000


def test_the_step_goes_on_when_the_smallest_claim_moves(claims: Claims) -> None:
    in_step = Alignment(RULES)
    assert horizon(in_step, claims, latest=40_000) == 10_000
    add_claim(claims, VISITS, claim=10_000)
    add_claim(claims, CHANGES, claim=25_000)
    assert horizon(in_step, claims, latest=40_000) == 20_000


def test_a_partition_without_a_claim_may_hold_the_oldest_records() -> None:
    claims, in_step = Claims(), Alignment(RULES)
    add_claim(claims, VISITS, claim=2 * DAY)
    assert horizon(in_step, claims, latest=2 * DAY) == 10_000
    assert horizon(in_step, claims, latest=2 * DAY, now=2 * DAY + 60_000) is None


def test_no_slot_waits_for_a_partition_that_awaits_an_open_transaction(claims: Claims) -> None:
    add_claim(claims, VISITS, claim=30_000)
    add_claim(claims, CHANGES, claim=0, readable=False, stable=4, high=9)
    assert horizon(Alignment(RULES), claims, latest=40_000) is None


def test_no_slot_waits_for_a_partition_that_is_stopped(claims: Claims) -> None:
    add_claim(claims, VISITS, claim=30_000)
    add_claim(claims, CHANGES, claim=0, stopped="its position is outside the log")
    assert horizon(Alignment(RULES), claims, latest=40_000) is None


def test_an_owner_that_has_not_spoken_since_the_waiting_began_is_waited_for_a_minute(claims: Claims) -> None:
    in_step = Alignment(RULES)
    add_claim(claims, VISITS, claim=30_000)
    started = 4 * DAY  # everything was down for two days
    assert horizon(in_step, claims, latest=40_000, now=started) == 10_000
    assert horizon(in_step, claims, latest=40_000, now=started + 59_999) == 10_000
    assert horizon(in_step, claims, latest=40_000, now=started + 60_000) is None


def test_an_owner_that_starts_within_that_minute_is_in_step_again(claims: Claims) -> None:
    in_step = Alignment(RULES)
    add_claim(claims, VISITS, claim=30_000)
    started = 4 * DAY
    assert horizon(in_step, claims, latest=40_000, now=started) == 10_000
    add_claim(claims, CHANGES, claim=0, at=started + 5_000)
    assert horizon(in_step, claims, latest=40_000, now=started + 300_000) == 10_000


def test_no_slot_waits_longer_than_a_minute_for_an_idle_claim(claims: Claims) -> None:
    add_claim(claims, VISITS, claim=30_000)
    add_claim(claims, CHANGES, claim=0, stood=59_999)
    assert horizon(Alignment(RULES), claims, latest=40_000) == 10_000
    add_claim(claims, CHANGES, claim=0, stood=60_000)
    assert horizon(Alignment(RULES), claims, latest=40_000) is None


def test_ticks_wait_for_every_partition_to_have_a_claim() -> None:
    claims = Claims()
    add_claim(claims, VISITS, claim=5_000)
    assert smallest_claim(BOTH, claims, RULES) == (None, "contact-changes:0")
    add_claim(claims, CHANGES, claim=4_000)
    assert smallest_claim(BOTH, claims, RULES) == (4_000, "contact-changes:0")


def test_a_partition_that_no_slot_waits_for_still_holds_ticks_back(claims: Claims) -> None:
    add_claim(claims, VISITS, claim=9_000)
    add_claim(claims, CHANGES, claim=1_000, stood=60_000, readable=False, stable=4, high=9, stuck=599_999)
    assert smallest_claim(BOTH, claims, RULES) == (1_000, "contact-changes:0")


def test_a_partition_stuck_for_ten_minutes_is_left_out(claims: Claims) -> None:
    add_claim(claims, VISITS, claim=9_000)
    add_claim(claims, CHANGES, claim=1_000, readable=False, stable=4, high=9, stuck=600_000)
    assert smallest_claim(BOTH, claims, RULES) == (9_000, "web-visits:0")

"""Polls slow down as the day's requests run out, and leave the rest to hand-overs."""

from __future__ import annotations

import pytest

from agents.crm.opportunities.pace import SLOWEST, PollPace
from connectors.salesforce.org.usage import ApiUsage


def pace(used: int | None, limit: int | None = 100_000, base: float = 30.0) -> float:
    usage = ApiUsage()
    usage.used, usage.limit = used, limit
    return PollPace(base, usage).seconds()


@pytest.mark.parametrize("used", [None, 0, 50_000, 70_000])
def test_while_enough_is_left_it_is_as_set(used: int | None) -> None:
    assert pace(used) == 30.0


def test_it_slows_down_step_by_step() -> None:
    paces = [pace(used) for used in range(70_000, 95_001, 1_000)]
    assert paces == sorted(paces)
    assert len(set(paces)) == len(paces)
    assert paces[-1] == pytest.approx(SLOWEST)


@pytest.mark.parametrize("used", [95_000, 99_999, 100_000, 130_000])
def test_the_rest_is_left_to_hand_overs(used: int) -> None:
    assert pace(used) == pytest.approx(SLOWEST)


def test_what_is_left_at_the_slowest_pace_lasts_for_days() -> None:
    assert pace(99_900) * 100 > 24 * 3600


def test_a_failure_is_followed_up_at_once_unless_the_limit_is_near() -> None:
    usage = ApiUsage()
    assert PollPace(30.0, usage).extra_seconds() == 0
    usage.used, usage.limit = 100_000, 100_000
    assert PollPace(30.0, usage).extra_seconds() == pytest.approx(SLOWEST)


def test_a_setting_beyond_the_slowest_pace_is_kept() -> None:
    assert pace(99_000, base=7_200.0) == 7_200.0


def test_an_org_that_states_no_limit_does_not_slow_it_down() -> None:
    assert pace(10, 0) == 30.0

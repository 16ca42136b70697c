"""Which visits give a lead points, in whatever order they come; told by the batch evaluator, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.engine.engine_driver import day
from tests.harness.verify.batch_driver import BatchDriver

SCORING = [{"id": "visit", "when": {"visit": {}}, "points": 3}]


def driver_with(version: int = 4, **campaign: Any) -> BatchDriver:
    campaigns = [{"id": "spring", "scoring": SCORING, **campaign}]
    return BatchDriver(engine_version=version, campaigns=campaigns)


@pytest.mark.parametrize(("version", "points"), [(4, 0), (3, 3)])
def test_a_visit_from_before_the_lead_scores_only_when_it_comes_late_and_only_before_version_4(
    version: int, points: int
) -> None:
    in_order = driver_with(version)
    in_order.visit(day(1))
    in_order.send("lead.added", day(2), campaign="spring")
    assert in_order.lead() == ("active", 0)
    late = driver_with(version)
    late.send("lead.added", day(2), campaign="spring")
    late.visit(day(1))
    assert late.lead() == ("active", points)


def test_a_visit_at_the_instant_at_which_the_lead_was_made_scores_and_one_a_millisecond_before_does_not() -> None:
    for at, points in ((day(2), 3), (day(2, -1), 0)):
        driver = driver_with()
        driver.send("lead.added", day(2), campaign="spring")
        driver.change_contact(day(3), city="Bonn")
        driver.visit(at)
        assert driver.lead() == ("active", points)


def test_the_visit_whose_token_makes_the_lead_scores_even_when_it_comes_late() -> None:
    driver = driver_with()
    driver.change_contact(day(2), city="Bonn")
    driver.visit(day(1), campaign="spring")
    driver.visit(day(1))  # no token: it happened before the lead
    assert driver.lead() == ("active", 3)


def test_a_late_token_on_a_lead_that_is_there_scores_nothing_from_before_it() -> None:
    driver = driver_with()
    driver.send("lead.added", day(2), campaign="spring")
    driver.visit(day(1), campaign="spring")
    assert driver.lead() == ("active", 0)


def test_a_lead_made_anew_takes_nothing_from_before_that() -> None:
    driver = driver_with()
    driver.send("lead.added", day(0), campaign="spring")
    driver.visit(day(1))
    driver.send("lead.removed", day(2), campaign="spring")
    driver.send("lead.reactivated", day(3), campaign="spring")
    driver.visit(day(1))
    assert driver.lead() == ("active", 0)
    driver.visit(day(3))
    assert driver.lead() == ("active", 3)


def test_a_score_for_the_lead_counts_from_before_it_too() -> None:
    driver = driver_with()
    driver.send("lead.added", day(2), campaign="spring")
    driver.send("score.adjusted", day(1), campaign="spring", points=5)
    assert driver.lead() == ("active", 5)


def test_a_sum_over_visits_is_a_condition_and_scores_when_it_becomes_true() -> None:
    when = {"visit": {}, "sum": {"of": "amount", "gte": 5}}
    driver = driver_with(scoring=[{"id": "spent", "when": when, "points": 4}])
    driver.send("lead.added", day(0), campaign="spring")
    driver.visit(day(1), properties={"amount": 3})
    assert driver.lead() == ("active", 0)
    driver.visit(day(2), properties={"amount": 3})
    driver.visit(day(3), properties={"amount": 3})
    assert driver.lead() == ("active", 4)

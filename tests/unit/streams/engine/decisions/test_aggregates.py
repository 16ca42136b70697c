"""Sums, distinct values, `created` and scored contacts, as the engine decides them record by record."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_ms
from streams.engine.conditions.activities.windows import MOST_INSTANTS
from streams.engine.decisions import counters
from tests.harness.engine.engine_driver import DAY, HOUR, EngineDriver, day

SPENT = {"activity": {"name": {"eq": "purchase"}}, "sum": {"of": "amount", "gte": 100}, "within": "7d"}
SCORED = {"score": {"exists": True}}


def dynamic(**conditions: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": name, "dynamic": True, "when": when} for name, when in conditions.items()]


def buy(driver: EngineDriver, at: int, amount: Any) -> list[dict[str, Any]]:
    return driver.send("activity.recorded", at, name="purchase", properties={"amount": amount})


def changes(outputs: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    """Type, instant (ms) and kind of cause of each segment change."""
    return [
        (each["type"], instant_ms(each["at"]), each["cause"]["kind"])
        for each in outputs
        if each["topic"] == "segment-changes"
    ]


def test_a_contact_leaves_a_sum_at_exactly_t_plus_w() -> None:
    driver = EngineDriver(segments=dynamic(spent=SPENT))
    assert changes(buy(driver, day(1), 60)) == []
    assert changes(buy(driver, day(3), "40")) == [("segment.entered", day(3), "event")]
    assert changes(driver.tick(day(8))) == []
    assert changes(driver.tick(day(8, 1))) == [("segment.exited", day(8), "clock")]


def test_a_late_purchase_corrects_a_sum_and_says_so() -> None:
    driver = EngineDriver(segments=dynamic(spent=SPENT))
    buy(driver, day(1), 60)
    driver.change_contact(day(4), country="DE")
    outputs = buy(driver, day(2), 50)
    assert changes(outputs) == [("segment.entered", day(4), "event")]
    assert [each["cause"].get("late") for each in outputs if each["topic"] == "segment-changes"] == [True]


def test_a_new_release_knows_all_that_was_bought_before() -> None:
    driver = EngineDriver(segments=[])
    for hour in range(5):
        buy(driver, day(1, hour * HOUR), 20)
    outputs = driver.apply(segments=dynamic(spent=SPENT, total={**SPENT, "within": "3650d"}))
    assert [each[0] for each in changes(outputs)] == ["segment.entered"] * 2
    assert driver.members() == ["spent", "total"]


def test_a_contact_that_reaches_the_bound_of_a_sum_is_flagged() -> None:
    driver = EngineDriver(segments=dynamic(spent=SPENT, ever={**SPENT, "within": "7d", "sum": {"of": "n", "gt": 0}}))
    for number in range(MOST_INSTANTS - 1):
        buy(driver, day(1, number), 1)
    assert driver.contact().flags == []
    buy(driver, day(1, MOST_INSTANTS), 1)
    assert len(driver.contact().flags) == 1


def test_where_all_leaves_together_keep_too_much_the_older_half_of_the_values_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counters, "MAX_COUNTER_VALUES", 10)
    driver = EngineDriver(segments=dynamic(spent=SPENT))
    for number in range(6):
        buy(driver, day(1, number), number)
    (state,) = driver.contact().counts.values()
    assert state == [day(1, 3), 3_000_000, day(1, 4), 4_000_000, day(1, 5), 5_000_000]
    assert len(driver.contact().flags) == 1


def test_a_score_that_came_back_to_zero_was_adjusted() -> None:
    driver = EngineDriver(segments=dynamic(scored=SCORED, never={"score": {"exists": False}}))
    driver.change_contact(day(0), country="DE")
    driver.send("score.adjusted", day(1), points=5, score="fit")
    assert driver.members() == ["never"]
    driver.send("score.adjusted", day(2), points=5)
    driver.send("score.adjusted", day(3), points=-5)
    assert (driver.contact().score, driver.members()) == (0, ["scored"])


def test_points_of_one_lead_are_no_score_of_the_contact() -> None:
    driver = EngineDriver(segments=dynamic(scored=SCORED), campaigns=[{"id": "spring"}])
    driver.send("lead.added", day(0), campaign="spring")
    driver.send("score.adjusted", day(1), points=5, campaign="spring")
    assert driver.members() == []


def test_a_new_release_knows_who_was_adjusted_back_to_zero_before() -> None:
    driver = EngineDriver(segments=[], campaigns=[{"id": "spring"}])
    for contact, fields in (("ann", {}), ("bob", {"score": "fit"}), ("eve", {"campaign": "spring"})):
        driver.send("lead.added", day(0), contact, campaign="spring")
        for points in (5, -5):
            driver.send("score.adjusted", day(1), contact, points=points, **fields)
    assert driver.contact("ann").counts == {}, "nothing is kept where no leaf asks"
    driver.apply(segments=dynamic(scored=SCORED), campaigns=[{"id": "spring"}])
    assert [driver.members(contact) for contact in ("ann", "bob", "eve")] == [["scored"], [], []]


def test_a_contact_grows_older_without_any_event() -> None:
    driver = EngineDriver(segments=dynamic(new={"created": {"within_last": "7d"}}))
    assert changes(driver.visit(day(1))) == [("segment.entered", day(1), "event")]
    driver.visit(day(5))
    assert changes(driver.tick(day(8, 1))) == [("segment.exited", day(8), "clock")]
    assert driver.contact().created + 7 * DAY == day(8)


def test_a_scoring_rule_on_a_sum_awards_at_its_edge_and_not_for_each_purchase() -> None:
    rule = {"id": "spender", "when": SPENT, "points": 7}
    driver = EngineDriver(campaigns=[{"id": "spring", "scoring": [rule]}])
    driver.send("lead.added", day(0), campaign="spring")
    for hour in range(8):
        buy(driver, day(1, hour * HOUR), 25)
    assert driver.points("spring") == 7

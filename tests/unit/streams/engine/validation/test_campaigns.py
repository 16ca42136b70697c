"""The bounds of a campaign's points, and actions of one rule that cannot both be meant."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.validation import path_text, validate_definitions

SEGMENTS = [{"id": "vip"}, {"id": "cold"}]


def problems(campaign: dict[str, Any], **fields: Any) -> list[tuple[str, str]]:
    campaigns = [{"id": "spring", **campaign}, {"id": "summer"}]
    found = validate_definitions({"segments": SEGMENTS, "campaigns": campaigns, **fields}).problems
    return [(path_text(problem.path).removeprefix("campaigns[0]."), problem.message) for problem in found]


def acting(**then: Any) -> dict[str, Any]:
    return {"automation": [{"id": "r", "when": {"all": []}, "then": then}]}


OPPOSED: list[tuple[dict[str, Any], str, str]] = [
    ({"set_points": 5, "add_points": 1}, "set_points", "add_points beside it adds nothing"),
    ({"set_points": 0, "add_points": 0}, "set_points", "add_points beside it adds nothing"),
    (
        {"set_status": "qualified", "remove_from_campaign": "spring"},
        "set_status",
        "beside the removal from spring, which is the lead's own campaign",
    ),
    (
        {"add_to_segment": "vip", "remove_from_segment": "vip"},
        "remove_from_segment",
        "adds to vip and removes from it",
    ),
]


@pytest.mark.parametrize(("then", "where", "message"), OPPOSED)
def test_actions_that_cannot_both_be_meant_are_refused(then: dict[str, Any], where: str, message: str) -> None:
    found = problems(acting(**then))
    assert [path for path, _ in found] == [f"automation[0].then.{where}"]
    assert message in found[0][1]


@pytest.mark.parametrize(("then", "where", "message"), OPPOSED[2:])
def test_what_version_3_accepted_it_still_accepts(then: dict[str, Any], where: str, message: str) -> None:
    assert problems(acting(**then), engine_version=3) == [], (where, message)


@pytest.mark.parametrize("then", [{}, {"notify": None}, {"set_status": None, "add_points": None}])
def test_a_rule_that_does_nothing_is_refused(then: dict[str, Any]) -> None:
    (problem,) = problems(acting(**then))
    assert "a rule does something" in problem[1]


def test_in_version_3_a_rule_may_name_an_action_without_a_value() -> None:
    assert problems(acting(set_status=None), engine_version=3) == []


@pytest.mark.parametrize(
    "then",
    [
        {"set_points": 5, "set_status": "qualified", "notify": "sales"},
        {"set_status": "qualified", "remove_from_campaign": "summer", "add_to_campaign": "spring"},
        {"add_to_segment": "vip", "remove_from_segment": "cold"},
        {"notify": "sales"},
    ],
)
def test_all_other_actions_may_stand_together(then: dict[str, Any]) -> None:
    assert problems(acting(**then)) == []


@pytest.mark.parametrize("bounds", [[0, 100], [-50, 0], [-0.5, 0.000001], [0, 0]])
def test_bounds_with_0_within_are_fine(bounds: list[float]) -> None:
    assert problems({"points_between": bounds}) == []


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ([10, 100], "0 must lie within [10, 100], because a lead starts from 0 points"),
        ([-100, -0.000001], "0 must lie within [-100, -1e-06], because a lead starts from 0 points"),
        ([100, 0], "the least points come first: [0, 100]"),
    ],
)
def test_bounds_that_a_new_lead_would_break_are_refused(bounds: list[float], message: str) -> None:
    assert problems({"points_between": bounds}) == [("points_between", message)]


@pytest.mark.parametrize("bounds", [5, "0", [0], [0, 1, 2], [0, "100"], [0, True], [0, 1e10], None])
def test_what_is_no_pair_of_points_is_refused_without_a_crash(bounds: Any) -> None:
    assert bool(problems({"points_between": bounds})) == (bounds is not None)

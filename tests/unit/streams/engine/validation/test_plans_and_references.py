"""Features that an account's plan lacks, and broken references, are refused by name (SPEC sections 4 and 9)."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.validation import path_text, validate_definitions


def test_a_downgrade_names_every_definition_that_it_would_orphan() -> None:
    """Definitions valid under a larger plan, checked under a smaller one; the earlier release stays active."""
    german = {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}
    large = {
        "id": "large",
        "dynamic": True,
        "when": {"all": [{"property": "employees", "gt": 5}, {"not": {"visit": {}}}]},
    }
    nested = {"property": ["home", "city"], "eq": "Bonn"}
    campaign = {
        "id": "spring",
        "audience": ["vip"],
        "scoring": [{"id": "local", "when": {"property": "country", "eq": "DE"}, "points": 1}],
        "automation": [{"id": "near", "when": {"any": [nested]}, "then": {"add_to_segment": "vip"}}],
    }
    raw = {"properties": {"employees": "number"}, "segments": [german, large, {"id": "vip"}], "campaigns": [campaign]}
    assert validate_definitions({**raw, "plan": "enterprise"}).problems == []

    premium = {
        path_text(problem.path): problem for problem in validate_definitions({**raw, "plan": "premium"}).problems
    }
    assert {problem.code for problem in premium.values()} == {"plan"}
    assert {path: problem.message.partition(" need")[0] for path, problem in premium.items()} == {
        "segments[1].when.all[0].property": "segment large: conditions on custom properties (employees)",
        "campaigns[0].automation[0].when.any[0].property": (
            "campaign spring, rule near: conditions on custom properties (home)"
        ),
    }
    basic = [
        problem.message.partition(" need")[0] for problem in validate_definitions({**raw, "plan": "basic"}).problems
    ]
    assert basic == [
        "segment german: dynamic segments",
        "segment large: dynamic segments",
        "segment large: conditions on custom properties (employees)",
        "campaign spring, rule near: conditions on custom properties (home)",
    ]


@pytest.mark.parametrize(
    "campaign",
    [
        {"audience": ["gone"]},
        {"scoring": [{"id": "r", "when": {"all": [{"segment": "gone"}]}, "points": 1}]},
        {"automation": [{"id": "r", "when": {"not": {"segment": "gone"}}, "then": {"add_points": 1}}]},
        {"automation": [{"id": "r", "when": {"lead": {"campaign": "gone"}}, "then": {"add_points": 1}}]},
        {"automation": [{"id": "r", "when": {"all": []}, "then": {"add_to_segment": "gone"}}]},
        {"automation": [{"id": "r", "when": {"all": []}, "then": {"remove_from_segment": "gone"}}]},
        {"automation": [{"id": "r", "when": {"all": []}, "then": {"add_to_campaign": "gone"}}]},
        {"automation": [{"id": "r", "when": {"all": []}, "then": {"remove_from_campaign": "gone"}}]},
    ],
)
def test_whatever_is_deleted_must_not_be_referred_to_any_more(campaign: dict[str, Any]) -> None:
    (problem,) = validate_definitions({"segments": [{"id": "vip"}], "campaigns": [{"id": "c", **campaign}]}).problems
    assert "is called gone" in problem.message

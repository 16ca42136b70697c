"""A release of an older engine version cannot have what only a newer one knows."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from schemas.engine_versions import EngineVersion
from streams.engine.validation import path_text, validate_definitions

VISITS: dict[str, Any] = {"visit": {}}
NEWER: dict[str, dict[str, Any]] = {
    "created": {"created": {"older_than": "1d"}},
    "exists of a score": {"score": {"exists": True}},
    "sum": {**VISITS, "sum": {"of": "amount", "gte": 5}},
    "average": {**VISITS, "average": {"of": "amount", "gte": 5}},
    "distinct": {**VISITS, "distinct": {"of": "path", "gte": 5}},
    "times": {**VISITS, "regular": {"at_least": 1, "of": 2, "each": "1d", "times": 2}},
    "accents": {"property": "city", "eq": "Koln", "accents": "ignore"},
}


def in_segment(leaf: dict[str, Any], version: int) -> dict[str, Any]:
    """Definitions of one segment on the leaf, inside a tree."""
    when = {"all": [{"not": {"any": [leaf]}}]}
    return {"engine_version": version, "segments": [{"id": "s", "dynamic": True, "when": when}]}


@pytest.mark.parametrize("word", NEWER)
def test_a_newer_word_is_refused_by_name(word: str) -> None:
    problems = validate_definitions(in_segment(NEWER[word], 3)).problems
    assert [each.message.partition(";")[0] for each in problems] == [
        f"segment s: {word} needs engine version 4, these definitions have 3"
    ]


def test_a_newer_word_that_states_its_default_is_refused_too_since_the_former_engine_refuses_it() -> None:
    leaf = {**VISITS, "regular": {"at_least": 1, "of": 2, "each": "1d", "times": 1}}
    (problem,) = validate_definitions(in_segment(leaf, 3)).problems
    assert "times needs engine version 4" in problem.message
    assert validate_definitions(in_segment(leaf, 4)).problems == []


@pytest.mark.parametrize(
    ("word", "campaign"),
    [
        ("points_between", {"points_between": [0, 100]}),
        ("points_between", {"points_between": None}),
        ("notify", {"automation": [{"id": "r", "when": VISITS, "then": {"add_points": 5, "notify": None}}]}),
        ("set_points", {"automation": [{"id": "r", "when": VISITS, "then": {"set_points": 5}}]}),
        ("notify", {"automation": [{"id": "r", "when": VISITS, "then": {"notify": "sales"}}]}),
    ],
)
def test_a_newer_action_is_refused_by_name(word: str, campaign: dict[str, Any]) -> None:
    (problem,) = validate_definitions({"engine_version": 3, "campaigns": [{"id": "c", **campaign}]}).problems
    assert f"{word} needs engine version 4" in problem.message


def test_a_field_of_an_event_may_be_named_like_a_newer_word() -> None:
    leaf = {"visit": {"accents": {"eq": "ignore"}, "sum": {"gte": 5}}}
    assert validate_definitions(in_segment(leaf, 3)).problems == []


def test_definitions_that_state_no_version_have_the_one_that_the_caller_says() -> None:
    raw: dict[str, Any] = {"segments": []}
    for version in get_args(EngineVersion):
        definitions = validate_definitions(raw, version).definitions
        assert definitions is not None
        assert definitions.engine_version == version
    (problem,) = validate_definitions({"engine_version": 5}).problems
    assert problem.path == ("engine_version",)


def test_a_newer_word_is_refused_where_it_stands() -> None:
    rule = {"id": "r", "when": NEWER["created"], "then": {"notify": "sales"}}
    campaign = {"id": "c", "points_between": [0, 9], "automation": [rule]}
    document = {**in_segment(NEWER["sum"], 3), "campaigns": [campaign]}
    assert [path_text(each.path) for each in validate_definitions(document).problems] == [
        "segments[0].when",
        "campaigns[0].points_between",
        "campaigns[0].automation[0].when",
        "campaigns[0].automation[0].then.notify",
    ]

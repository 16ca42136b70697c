"""Random documents of a former engine version have none of the newer words, and keep their form."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.validation import validate_definitions
from tests.harness.random.random_versions import former_condition, in_version, sound_actions

SUM = {"activity": {"name": {"eq": "buy"}}, "sum": {"of": "amount", "gte": 5}, "within": "7d"}


@pytest.mark.parametrize(
    ("newer", "former"),
    [
        (SUM, {"activity": {"name": {"eq": "buy"}}, "within": "7d"}),
        ({"visit": {}, "average": {"of": "amount", "lt": 5}}, {"visit": {}}),
        ({"visit": {}, "distinct": {"of": "path", "gte": 2}}, {"visit": {}}),
        ({"created": {"older_than": "1d"}}, {"visit": {}}),
        (
            {"visit": {}, "regular": {"at_least": 1, "of": 2, "each": "1d", "times": 2}},
            {"visit": {}, "regular": {"at_least": 1, "of": 2, "each": "1d"}},
        ),
        ({"score": {"exists": True}}, {"score": {"gte": 1}}),
        ({"score": {"name": "fit", "exists": False}}, {"score": {"name": "fit", "gte": 1}}),
        ({"score": {"exists": True, "lt": 5}}, {"score": {"lt": 5}}),
        ({"property": "city", "eq": "Köln", "accents": "ignore"}, {"property": "city", "eq": "Köln"}),
        (
            {"not": {"any": [{"visit": {"title": {"eq": "a", "accents": "ignore"}, "accents": {"eq": "b"}}}]}},
            {"not": {"any": [{"visit": {"title": {"eq": "a"}, "accents": {"eq": "b"}}}]}},
        ),
    ],
)
def test_newer_words_go_and_the_rest_of_a_condition_stays(newer: dict[str, Any], former: dict[str, Any]) -> None:
    assert former_condition(newer) == former


def test_a_document_is_sound_in_the_version_that_it_is_made_for() -> None:
    rule = {"id": "r", "when": SUM, "then": {"set_points": 1, "notify": "sales"}}
    pair = {"id": "s", "when": SUM, "then": {"set_status": "rejected", "remove_from_campaign": "c"}}
    campaign = {"id": "c", "points_between": [0, 5], "automation": [rule, pair]}
    document = {"segments": [{"id": "s", "dynamic": True, "when": SUM}], "campaigns": [campaign]}
    former = in_version(document, 3)
    checked = validate_definitions(former)
    assert checked.problems == []
    assert checked.definitions is not None
    assert checked.definitions.engine_version == 3
    assert former["campaigns"][0]["automation"][1]["then"] == pair["then"]
    newer = in_version(document, 4)
    assert newer["segments"] == document["segments"]
    assert newer["campaigns"][0]["automation"][1]["then"] == {"set_status": "rejected"}


def test_of_two_actions_that_are_refused_beside_one_another_one_stays() -> None:
    assert sound_actions({"set_points": 1, "add_points": 2}, "c") == {"set_points": 1}
    assert sound_actions({"add_to_segment": "a", "remove_from_segment": "a"}, "c") == {"add_to_segment": "a"}
    for sound in (
        {"add_to_segment": "a", "remove_from_segment": "b"},
        {"set_status": "qualified", "remove_from_campaign": "d"},
        {"set_status": "qualified", "add_points": 2, "notify": "sales"},
    ):
        assert sound_actions(sound, "c") == sound

"""Messages on values out of range use the words of definitions, not those of pydantic."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.engine.validation import path_text, validate_definitions

VISIT: dict[str, Any] = {"visit": {}}

MESSAGES: list[tuple[Any, list[tuple[str, str]]]] = [
    (
        {"sequence": [VISIT], "within": "7d"},
        [(".sequence", "a list of at least 2 is needed here, not of 1")],
    ),
    (
        {"sequence": [VISIT] * 21, "within": "7d"},
        [(".sequence", "a list of at most 20 is needed here, not of 21")],
    ),
    (
        {"sequence": [{**VISIT, "count": {"gte": 2}}, VISIT], "within": "7d"},
        [(".sequence[0].count", "unknown key 'count' - one of: visit, activity")],
    ),
    (
        {"visit": {}, "regular": {"at_least": 0, "of": 7, "each": "1d"}},
        [(".regular.at_least", "a number of at least 1 is needed here, not 0")],
    ),
    (
        {"visit": {}, "regular": {"at_least": 1, "of": 1001, "each": "1d"}},
        [(".regular.of", "a number of at most 1000 is needed here, not 1001")],
    ),
    ({"visit": {}, "never": False}, [(".never", "true is needed here, not false")]),
    ({"visit": {}, "first": False}, [(".first", "a mapping or true is needed here, not false")]),
    (
        {"visit": {"day": {"before": "2026-03-01", "in_zone": "contact"}}},
        [(".visit.day.in_zone", "in_zone cannot be contact in a filter, which speaks in the account's zone")],
    ),
]


@pytest.mark.parametrize(("condition", "messages"), MESSAGES, ids=str)
def test_the_message_on_a_limit_names_what_is_needed(condition: Any, messages: list[tuple[str, str]]) -> None:
    problems = validate_definitions({"segments": [{"id": "s", "dynamic": True, "when": condition}]}).problems
    assert [(path_text(p.path).removeprefix("segments[0].when"), p.message) for p in problems] == messages


PROPERTIES = {"employees": "number", "vip": "boolean", "codes": "list"}


def messages_of(leaf: Any, version: int = NEWEST_VERSION) -> list[tuple[str, str]]:
    segments = [{"id": "s", "dynamic": True, "when": leaf}]
    raw = {"engine_version": version, "properties": PROPERTIES, "segments": segments}
    problems = validate_definitions(raw).problems
    return [(path_text(each.path).removeprefix("segments[0].when"), each.message) for each in problems]


@pytest.mark.parametrize(
    ("leaf", "operator"),
    [
        ({"property": "employees", "starts_with": 1}, "starts_with"),
        ({"property": "employees", "matches": 5}, "matches"),
        ({"property": "vip", "within_last": 7}, "within_last"),
        ({"property": "codes", "between": 5}, "between"),
        ({"property": "city", "has_item": "a"}, "has_item"),
    ],
)
def test_that_an_operator_does_not_fit_the_type_is_said_before_what_its_operand_is(leaf: Any, operator: str) -> None:
    for version in get_args(EngineVersion):
        ((path, text),) = messages_of(leaf, version)
        assert path == f".{operator}"
        assert text.startswith(f"{operator} does not fit {leaf['property']}, which is ")


def test_what_else_is_wrong_with_the_leaf_is_said_beside_it() -> None:
    leaf = {"property": "employees", "starts_with": 1, "in": 5, "eqq": 5}
    assert [path for path, _ in messages_of(leaf)] == [".starts_with", ".eqq", ".in"]


def test_a_list_of_texts_is_told_each_item_that_is_none() -> None:
    messages = messages_of({"property": "city", "in": ["a", 5, "b", 6]})
    assert messages == [
        (".in[1]", "text is needed here, not 5; put it in quotes"),
        (".in[3]", "text is needed here, not 6; put it in quotes"),
    ]


@pytest.mark.parametrize(
    ("operators", "where", "number"),
    [
        ({"gte": "5"}, ".gte", "5"),
        ({"lt": " -2.5e3 "}, ".lt", "-2.5e3"),
        ({"between": [5, "7"]}, ".between", "7"),
        ({"between": ["5", "7"]}, ".between", "5"),
    ],
)
def test_a_number_in_quotes_that_is_compared_in_order_is_told_to_be_none(
    operators: dict[str, Any], where: str, number: str
) -> None:
    ((path, message),) = messages_of({"property": "plan", **operators})
    assert path == where
    assert message.endswith(f"in quotes is no number and not a date; for the number write {number}")


@pytest.mark.parametrize("operand", ["05", "soon", "5 %", ""])
def test_what_reads_as_no_number_is_told_to_be_no_date(operand: str) -> None:
    ((_, message),) = messages_of({"property": "plan", "gte": operand})
    assert "is not a date; write an RFC 3339 instant" in message


@pytest.mark.parametrize(
    ("pattern", "modifiers", "refusing_version"),
    [
        ("[a\u0300-e\u0301]", {}, 3),  # in NFC it is a range from one letter to another
        ("[a\u0300-e\u0301]", {"case_sensitive": True}, 3),
        ("[e\u0323-\u0330]", {}, 4),  # in NFC it begins behind its end
        ("[e\u0323-\u0330]", {"accents": "ignore"}, 4),
    ],
)
def test_a_pattern_is_checked_in_the_normal_form_and_told_as_it_is_written(
    pattern: str, modifiers: dict[str, Any], refusing_version: int
) -> None:
    for version in (3, 4):
        when = {"property": "city", "matches": pattern, **(modifiers if version == 4 else {})}
        raw = {"engine_version": version, "segments": [{"id": "s", "dynamic": True, "when": when}]}
        found = [problem.message for problem in validate_definitions(raw).problems]
        assert len(found) == (version == refusing_version)
        assert all(repr(pattern) in message and "invalid character class range" in message for message in found)

"""Messages on values out of range use the words of definitions, not those of pydantic."""

from __future__ import annotations

from typing import Any

import pytest

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

"""Conditions as conjuncts, and which of these are tests of one value."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions import STANDARD_PROPERTIES
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.protocols import CompileScope
from streams.engine.graph import conjuncts as conjuncts_module
from streams.engine.graph.conjuncts import ValueTest, find_value_test, split_conjuncts
from streams.engine.graph.subjects import Subject
from tests.harness.engine.segment_graphs import written

A, B, C = ({"property": "plan", "eq": text} for text in "abc")
VISITED = {"visit": {}, "count": {"gte": 1}}
_SCOPE = CompileScope("UTC", {**STANDARD_PROPERTIES, "day": "date"})


def value_test(condition: dict[str, Any]) -> ValueTest | None:
    scope = conjuncts_module.ValueTestScope(
        lambda leaf: compile_condition(leaf, _SCOPE).node, _SCOPE.property_types, _SCOPE.engine_version
    )
    return find_value_test(written(condition), scope)


@pytest.mark.parametrize(
    ("condition", "conjuncts"),
    [
        (A, [A]),
        ({"all": [A, {"all": [B, {"all": []}]}, C]}, [A, B, C]),
        ({"all": []}, []),
        ({"any": []}, [{"any": []}]),
        ({"any": [A, B]}, [{"any": [A, B]}]),
        ({"not": {"any": [A, {"not": B}]}}, [{"not": A}, B]),
        ({"not": {"any": []}}, []),
        ({"not": {"not": {"all": [A, B]}}}, [A, B]),
        ({"not": {"all": [A, B]}}, [{"not": {"all": [A, B]}}]),
    ],
)
def test_a_condition_is_the_conjunction_of_its_conjuncts(
    condition: dict[str, Any], conjuncts: list[dict[str, Any]]
) -> None:
    assert list(split_conjuncts(written(condition))) == [written(one) for one in conjuncts]


@pytest.mark.parametrize(
    ("condition", "kind", "name"),
    [
        (A, "property", "plan"),
        ({"tags": {"contains": "x"}}, "property", "tags"),
        ({"status": {"eq": "active"}}, "status", ""),
        ({"score": {"gte": 1}}, "own_score", ""),
        ({"score": {"name": "fit", "gte": 1}}, "named_score", "fit"),
        ({"not": {"any": [A, {"not": B}]}}, "property", "plan"),
        ({"all": [A, {"any": [B, C]}]}, "property", "plan"),
    ],
)
def test_a_condition_on_one_value_is_a_test_of_its_subject(condition: dict[str, Any], kind: str, name: str) -> None:
    test = value_test(condition)
    assert test is not None
    assert (test.subject.kind, test.subject.name) == (kind, name)


@pytest.mark.parametrize(
    "condition",
    [
        {"property": "due", "within_last": "7d"},
        {"property": "due", "eq": "now/d"},
        {"property": "due", "in": ["soon", "2026-01-01"]},
        {"property": "day", "eq": "2026-01-01"},
        {"property": "plan", "eq": "a", "held_for": "7d"},
        {"tags": {"contains": "x"}, "held_for": "7d"},
        {"property": ["home", "city"], "eq": "a"},
        {"score": {"exists": True}},
        {"score": {"exists": True, "gte": 1}},
        {"any": []},
        {"any": [A, {"property": "country", "eq": "DE"}]},
        {"any": [A, VISITED]},
        VISITED,
        {"segment": "vip"},
    ],
)
def test_what_time_changes_and_what_reads_more_than_one_value_is_none(condition: dict[str, Any]) -> None:
    assert value_test(condition) is None


@pytest.mark.parametrize(
    ("condition", "passed", "failed"),
    [
        (A, ["A"], ["b", None, 5]),
        ({"not": A}, ["b", None], ["a"]),
        ({"any": [A, B]}, ["a", "b"], ["c", None]),
        ({"all": [{"not": A}, {"not": B}]}, ["c", None], ["a", "b"]),
        ({"not": {"not": A}}, ["a"], ["b"]),
    ],
)
def test_a_test_takes_the_value_itself(condition: dict[str, Any], passed: list[Any], failed: list[Any]) -> None:
    test = value_test(condition)
    assert test is not None
    assert [test.test(value) for value in passed + failed] == [True] * len(passed) + [False] * len(failed)


def test_a_test_names_the_operators_of_all_its_leaves() -> None:
    test = value_test({"any": [A, {"not": {"property": "plan", "starts_with": "x"}}]})
    assert test is not None
    assert [(one.operators.eq, getattr(one.operators, "starts_with", None)) for one in test.operators] == [
        ("a", None),
        (None, "x"),
    ]


def test_a_negated_leaf_keeps_its_lookup_and_is_marked() -> None:
    plain, negated, twice = (value_test(one) for one in (A, {"not": A}, {"not": {"not": A}}))
    assert plain is not None
    assert negated is not None
    assert twice is not None
    assert plain.lookup == negated.lookup == twice.lookup is not None
    assert [plain.is_negated, negated.is_negated, twice.is_negated] == [False, True, False]


def test_subjects_of_different_kinds_differ() -> None:
    assert (
        len({Subject("property", "fit"), Subject("named_score", "fit"), Subject("status"), Subject("own_score")}) == 4
    )

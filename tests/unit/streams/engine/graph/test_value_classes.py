"""Classes of values: two values are in one class only where every test treats them alike."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.conditions import NumberOperators, Operators
from schemas.engine_versions import EngineVersion
from schemas.values import MILLION
from streams.engine.graph.value_classes import ValueClasses, ValueOperators, ValueType


def classes(*operators: dict[str, Any], kind: ValueType | None = None, version: EngineVersion = 4) -> ValueClasses:
    model = NumberOperators if kind == "score" else Operators
    return ValueClasses([ValueOperators(model.model_validate(one), kind) for one in operators], version)


def test_numbers_between_the_same_operands_are_one_class_and_an_operand_is_its_own() -> None:
    of = classes({"gte": 5}, {"lt": 10.0}, kind="number")
    keys = [of.key(number) for number in (4, 4.999, 5, 5.0, 7, 9.5, 10, 11, 10**300)]
    assert keys == [0, 0, 1, 1, 2, 2, 3, 4, 4]


def test_every_operand_of_a_range_or_a_list_is_a_bound() -> None:
    of = classes({"between": [1, 3]}, {"in": [5, 7]}, {"not_in": [9]}, {"ne": 11}, kind="number")
    assert len({of.key(number) for number in range(13)}) == 13


def test_true_is_no_number_and_a_number_no_text() -> None:
    of = classes({"eq": 1}, {"eq": "1"}, kind=None, version=3)
    assert len({of.key(value) for value in (1, True, False, "1", "", "x")}) == 6
    assert of.key(1) == of.key(1.0)


def test_texts_that_no_operand_equals_are_one_class_but_for_the_empty_one() -> None:
    of = classes({"eq": "Pro"}, {"in": ["free", "basic"]}, kind="text")
    assert of.key("PRO") == of.key("pro")
    assert len({of.key(text) for text in ("pro", "free", "basic", "x", "y", "")}) == 5
    assert of.key("x") == of.key("y")


def test_each_folding_has_its_own_texts() -> None:
    of = classes({"eq": "Pro", "case_sensitive": True}, {"eq": "cafe", "accents": "ignore"}, kind="text")
    assert of.key("pro") == of.key("x") != of.key("Pro")
    assert of.key("Café") == of.key("cafe") != of.key("x")


@pytest.mark.parametrize("operator", ["contains", "not_contains", "starts_with", "ends_with", "matches"])
def test_a_test_that_looks_inside_a_text_makes_each_text_a_class(operator: str) -> None:
    of = classes({operator: "a"}, {"eq": "pro"}, kind="text")
    assert len({of.key(text) for text in ("x", "X", "y", "ab", "")}) == 5


@pytest.mark.parametrize("kind", ["date", "datetime"])
def test_each_text_is_a_class_where_its_type_is_read_from_it(kind: ValueType) -> None:
    of = classes({"exists": True}, kind=kind)
    assert of.key("2026-01-01") != of.key("soon")


def test_a_long_text_is_no_key_where_it_would_be_one_as_a_whole() -> None:
    inside, whole = classes({"contains": "a"}, kind="text"), classes({"eq": "a"}, kind="text")
    assert inside.key("x" * 256) == "x" * 256
    assert inside.key("x" * 257) is None
    assert whole.key("x" * 257) == whole.key("y")
    assert whole.key(["x" * 257]) is None


def test_an_undeclared_text_counts_as_a_number_from_version_4_on() -> None:
    newest, oldest = (classes({"gte": 5}, version=version) for version in (4, 3))
    assert newest.key("7") == newest.key(" 8 ") != newest.key("3")
    assert newest.key("05") == newest.key("x") != newest.key("7")
    assert oldest.key("7") == oldest.key("3") == oldest.key("x")
    assert classes({"gte": 5}, kind="text").key("7") == classes({"gte": 5}, kind="text").key("3")


def test_an_undeclared_number_counts_as_a_text_from_version_4_on() -> None:
    of = classes({"eq": "5"}, version=4)
    assert of.key(5) == of.key(5.0) != of.key(6)
    assert of.key(6) == of.key(7)
    inside = classes({"ends_with": "0"}, version=4)
    assert len({inside.key(number) for number in (10, 20, 0.5)}) == 3
    assert inside.key(0) == inside.key(-0.0)


def test_lists_and_objects_are_classes_by_all_that_is_in_them() -> None:
    of = classes({"contains": 1})
    values: list[Any] = [[1], [1.0], [True], ["1"], [], {}, {"k": 1}, [[1]], "[1]", "[]"]
    assert len({of.key(value) for value in values}) == len(values)


def test_a_score_in_millionths_is_compared_as_it_is_written() -> None:
    of = classes({"gte": 0.3}, {"lt": 1.000001}, kind="score")
    keys = [of.key(millionths) for millionths in (299_999, 300_000, MILLION, MILLION + 1, MILLION + 2)]
    assert keys == [0, 1, 2, 3, 4]

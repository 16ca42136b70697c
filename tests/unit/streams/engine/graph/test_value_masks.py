"""Masks of values: made once per class, from tables where they decide and by asking where they do not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from schemas.conditions import Operators
from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from streams.engine.graph import value_masks
from streams.engine.graph.value_classes import ValueClasses, ValueOperators
from streams.engine.graph.value_lookups import find_lookup
from streams.engine.graph.value_masks import SegmentTest, ValueMasks
from tests.harness.engine.conditions import holds

SegmentOperators = tuple[int, dict[str, Any], bool]
"""The segments, the operators that they need of the value, and whether they need that these fail."""


class CountedTest:
    """The test of operators on an undeclared value, and how often it was asked."""

    def __init__(self, operators: dict[str, Any]) -> None:
        self._operators = operators
        self.asked = 0

    def __call__(self, value: Any) -> bool:
        self.asked += 1
        return holds({"property": "x", **self._operators}, {} if value is None else {"x": value})


def masks(
    *written: SegmentOperators,
    everyone: int = 0b1111,
    kind: PropertyType | None = None,
    version: EngineVersion = 4,
) -> tuple[ValueMasks, list[CountedTest]]:
    models = [Operators.model_validate(operators) for _, operators, _ in written]
    counted = [CountedTest(operators) for _, operators, _ in written]
    tests: Iterable[SegmentTest] = [
        SegmentTest(segments, test, find_lookup(model, kind, version), is_negated)
        for (segments, _, is_negated), model, test in zip(written, models, counted, strict=True)
    ]
    classes = ValueClasses([ValueOperators(model, kind) for model in models], version)
    return ValueMasks(tests, classes, everyone), counted


def test_a_mask_has_the_segments_whose_tests_the_value_passes_and_those_without_a_test() -> None:
    of, _ = masks((0b0001, {"eq": "a"}, False), (0b0010, {"gte": 5}, False), (0b0100, {"ne": "a"}, False))
    assert [of.mask(value) for value in ("a", "b", 5, "7", None)] == [0b1001, 0b1100, 0b1110, 0b1110, 0b1100]


def test_a_negated_lookup_refuses_the_values_that_pass_it_and_allows_a_missing_one() -> None:
    of, _ = masks((0b0001, {"eq": "a"}, True), (0b0010, {"lt": 5}, True))
    assert [of.mask(value) for value in ("a", "b", 4, 5, None)] == [0b1110, 0b1111, 0b1101, 0b1111, 0b1111]


def test_a_segment_with_two_tests_needs_both() -> None:
    of, _ = masks((0b0011, {"gte": 1}, False), (0b0001, {"lt": 5}, False), (0b0010, {"in": ["3", "7"]}, False))
    assert [of.mask(value) & 0b11 for value in (0, 1, 3, 5, 7)] == [0b00, 0b01, 0b11, 0b00, 0b10]


def test_equal_numbers_have_one_mask_and_true_another() -> None:
    of, _ = masks((0b0001, {"eq": 1}, False), (0b0010, {"eq": True}, False), (0b0100, {"eq": "1"}, False))
    values = (1, 1.0, True, "1", " 1 ", "1e0", "1.0", [1], "")
    one_and_text, one = 0b1101, 0b1001
    assert [of.mask(value) for value in values] == [
        *(one_and_text, one_and_text, 0b1010, one_and_text),
        *(one, one, one, 0b1000, 0b1000),
    ]


def test_before_version_4_a_text_is_no_number_and_a_number_no_text() -> None:
    of, _ = masks((0b0001, {"eq": 1}, False), (0b0010, {"eq": "1"}, False), everyone=0b11, version=3)
    assert [of.mask(value) for value in (1, "1", " 1 ", True)] == [0b01, 0b10, 0, 0]


def test_a_test_without_a_table_is_asked_once_per_class_of_values() -> None:
    of, (asked, found) = masks((0b0001, {"in": [5, "a"]}, False), (0b0010, {"gte": 3}, False))
    before = asked.asked
    for value in (4, 4.5, 4, "4", "4.0"):
        assert of.mask(value) == 0b1110
    assert asked.asked == before + 2  # of the numbers, and of the texts that read as such
    assert found.asked == 0


def test_a_value_too_large_for_a_key_is_asked_each_time() -> None:
    of, (asked,) = masks((0b0001, {"contains": "b"}, False))
    before = asked.asked
    assert [of.mask("a" * 300), of.mask("a" * 300 + "b"), of.mask("a" * 300)] == [0b1110, 0b1111, 0b1110]
    assert asked.asked == before + 3


def test_the_masks_kept_are_bounded_and_stay_right_when_they_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value_masks, "MAX_MASK_BYTES", 0)
    of, (asked,) = masks((0b0001, {"ends_with": "7"}, False))
    before = asked.asked
    for number in (*range(64), 0):
        assert of.mask(f"n{number}") & 1 == (number % 10 == 7)
    assert asked.asked == before + 64
    of.mask("one more")
    assert of.mask("n7") == 0b1111
    assert asked.asked == before + 66


def test_segments_that_do_not_run_are_in_no_mask() -> None:
    of, _ = masks((0b0001, {"eq": "a"}, False), everyone=0b0101)
    assert [of.mask("a"), of.mask("b"), of.mask(None)] == [0b0101, 0b0100, 0b0100]

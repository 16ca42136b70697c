"""Equality of JSON scalars, and how a value is read against each operand.

A declared value is compared with operands of its own kind only: text with text, number with number, boolean with
boolean. So is an undeclared one before engine version 4. From then on, text that reads as a number counts as one
against a number operand, and against a text operand a number is its canonical text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.conditions import Scalar
from streams.engine.conditions import numbers, text
from streams.engine.conditions.numbers import exact_number, number_from
from streams.engine.conditions.predicates import Predicate
from streams.engine.conditions.text import CaseFold, text_from


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the values of a leaf are compared."""

    fold: CaseFold
    converts: bool = False
    """Whether text may count as a number, and a number as text."""

    def of_text(self, test: Predicate) -> Predicate:
        """Returns the test of a text, applied to the text that a value counts as."""
        return (lambda value: test(text_from(value))) if self.converts else test

    def of_number(self, build: Callable[..., Predicate], *operands: float) -> Predicate:
        """Returns the test of a number that `build` makes of operands, applied to the number that a value counts as.

        What text reads as is exact, so it is compared with the operands as they are written.
        """
        test = build(*operands)
        if not self.converts:
            return test
        test_text = build(*map(exact_number, operands))
        return lambda value: test_text(number_from(value)) if isinstance(value, str) else test(value)


def equals(operand: Scalar, comparison: Comparison) -> Predicate:
    """Tests for the same scalar."""
    if isinstance(operand, bool):
        return lambda value: value is operand
    if isinstance(operand, str):
        return comparison.of_text(text.equals(operand, comparison.fold))
    return comparison.of_number(numbers.equals, operand)


def among(operands: Sequence[Scalar], comparison: Comparison) -> Predicate:
    """Tests for one of these scalars."""
    fold = comparison.fold
    texts = frozenset(fold(one) for one in operands if isinstance(one, str))
    booleans = [one for one in operands if isinstance(one, bool)]
    number_operands = frozenset(one for one in operands if not isinstance(one, str | bool))
    exact_operands = frozenset(map(exact_number, number_operands))
    if len(texts) == len(operands):
        return comparison.of_text(text.among([one for one in operands if isinstance(one, str)], fold))

    def is_among(value: Any) -> bool:
        if isinstance(value, str):
            return fold(value) in texts
        if isinstance(value, bool):
            return value in booleans
        return numbers.is_number(value) and value in number_operands

    def counts_among(value: Any) -> bool:
        if isinstance(value, bool):
            return value in booleans
        own_text = text_from(value)
        if own_text is None:
            return False
        if isinstance(value, str):
            return fold(own_text) in texts or number_from(value) in exact_operands
        return fold(own_text) in texts or value in number_operands

    return counts_among if comparison.converts else is_among


def list_contains(operand: Scalar, comparison: Comparison) -> Predicate:
    """Tests for a list with this item."""
    equals_operand = equals(operand, comparison)
    return lambda value: isinstance(value, list) and any(equals_operand(item) for item in value)


def list_contains_any(operands: Sequence[Scalar], comparison: Comparison) -> Predicate:
    """Tests for a list with at least one of these items."""
    is_operand = among(operands, comparison)
    return lambda value: isinstance(value, list) and any(is_operand(item) for item in value)


def list_contains_all(operands: Sequence[Scalar], comparison: Comparison) -> Predicate:
    """Tests for a list with all of these items; it goes through the list once, however many operands there are."""
    texts = frozenset(comparison.fold(one) for one in operands if isinstance(one, str))
    booleans = frozenset(one for one in operands if isinstance(one, bool))
    number_operands = [(one, exact_number(one)) for one in operands if not isinstance(one, str | bool)]

    def contains_all(value: Any) -> bool:
        if not isinstance(value, list):
            return False
        if booleans and not booleans <= {item for item in value if isinstance(item, bool)}:
            return False
        if texts and not texts <= _folded_items(value, comparison):
            return False
        if not number_operands:
            return True
        json_numbers = {item for item in value if numbers.is_number(item)}
        text_numbers = {number_from(item) for item in value if isinstance(item, str)} if comparison.converts else ()
        return all(one in json_numbers or exact in text_numbers for one, exact in number_operands)

    return contains_all


def _folded_items(items: list[Any], comparison: Comparison) -> set[str]:
    """Returns the folded texts that the items are, or count as."""
    texts = map(text_from, items) if comparison.converts else items
    return {comparison.fold(text) for text in texts if isinstance(text, str)}


def is_empty(value: Any) -> bool:
    """Whether the value is missing, `""`, `[]` or `{}`."""
    return value is None or (isinstance(value, str | list | dict) and not value)

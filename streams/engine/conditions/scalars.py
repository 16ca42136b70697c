"""Equality of JSON scalars of one kind: text with text, number with number, boolean with boolean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.conditions import Scalar
from streams.engine.conditions import numbers, text
from streams.engine.conditions.predicates import Predicate
from streams.engine.conditions.text import CaseFold


def equals(operand: Scalar, fold: CaseFold) -> Predicate:
    """Tests for the same scalar."""
    if isinstance(operand, bool):
        return lambda value: value is operand
    if isinstance(operand, str):
        return text.equals(operand, fold)
    return numbers.equals(operand)


def among(operands: Sequence[Scalar], fold: CaseFold) -> Predicate:
    """Tests for one of these scalars."""
    texts = frozenset(fold(one) for one in operands if isinstance(one, str))
    booleans = [one for one in operands if isinstance(one, bool)]
    number_operands = frozenset(one for one in operands if numbers.is_number(one))
    if len(texts) == len(operands):
        return text.among([one for one in operands if isinstance(one, str)], fold)

    def is_among(value: Any) -> bool:
        if isinstance(value, str):
            return fold(value) in texts
        if isinstance(value, bool):
            return value in booleans
        return numbers.is_number(value) and value in number_operands

    return is_among


def list_contains(operand: Scalar, fold: CaseFold) -> Predicate:
    """Tests for a list with this item."""
    equals_operand = equals(operand, fold)
    return lambda value: isinstance(value, list) and any(equals_operand(item) for item in value)


def list_contains_any(operands: Sequence[Scalar], fold: CaseFold) -> Predicate:
    """Tests for a list with at least one of these items."""
    is_operand = among(operands, fold)
    return lambda value: isinstance(value, list) and any(is_operand(item) for item in value)


def list_contains_all(operands: Sequence[Scalar], fold: CaseFold) -> Predicate:
    """Tests for a list with all of these items."""
    tests = tuple(list_contains(operand, fold) for operand in operands)
    return lambda value: isinstance(value, list) and all(test(value) for test in tests)


def is_empty(value: Any) -> bool:
    """Whether the value is missing, `""`, `[]` or `{}`."""
    return value is None or (isinstance(value, str | list | dict) and not value)

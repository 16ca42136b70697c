"""Equality of JSON scalars, each with its own kind only: text with text, number with number, boolean with boolean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.conditions import Scalar
from streams.engine.conditions import numbers, text
from streams.engine.conditions.predicates import Predicate
from streams.engine.conditions.text import CaseFold


def equals(operand: Scalar, fold: CaseFold) -> Predicate:
    """The same scalar."""
    if isinstance(operand, bool):
        return lambda value: value is operand
    if isinstance(operand, str):
        return text.equals(operand, fold)
    return numbers.equals(operand)


def among(operands: Sequence[Scalar], fold: CaseFold) -> Predicate:
    """One of these scalars."""
    texts = frozenset(fold(one) for one in operands if isinstance(one, str))
    booleans = [one for one in operands if isinstance(one, bool)]
    figures = frozenset(one for one in operands if numbers.is_number(one))
    if len(texts) == len(operands):
        return text.among([one for one in operands if isinstance(one, str)], fold)

    def found(value: Any) -> bool:
        if isinstance(value, str):
            return fold(value) in texts
        if isinstance(value, bool):
            return value in booleans
        return numbers.is_number(value) and value in figures

    return found


def list_contains(operand: Scalar, fold: CaseFold) -> Predicate:
    """A list with this item."""
    same = equals(operand, fold)
    return lambda value: isinstance(value, list) and any(same(item) for item in value)


def list_contains_any(operands: Sequence[Scalar], fold: CaseFold) -> Predicate:
    """A list with one of these items."""
    one_of = among(operands, fold)
    return lambda value: isinstance(value, list) and any(one_of(item) for item in value)


def list_contains_all(operands: Sequence[Scalar], fold: CaseFold) -> Predicate:
    """A list with every one of these items."""
    each = tuple(list_contains(operand, fold) for operand in operands)
    return lambda value: isinstance(value, list) and all(contained(value) for contained in each)


def is_empty(value: Any) -> bool:
    """Missing, or `""`, `[]`, `{}`."""
    return value is None or (isinstance(value, str | list | dict) and not value)

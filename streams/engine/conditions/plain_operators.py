"""Operators that time does not touch, as predicates: existence, equality, order of numbers, text and lists."""

from __future__ import annotations

from typing import Any

from schemas.conditions import Operators
from schemas.definitions import PropertyType
from streams.engine.conditions import numbers, scalars, text
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.operand_types import ORDER_OPERATORS, fits, to_tuple
from streams.engine.conditions.predicates import Predicate, negate
from streams.engine.conditions.text import CaseFold

_NEGATIONS = {"ne": "eq", "not_in": "in", "not_contains": "contains"}


def plain_predicate(
    name: str, operand: Any, property_type: PropertyType | None, fold: CaseFold, operators: Operators
) -> Predicate:
    """Returns the predicate of one operator. Raises ConditionRefused when its operand makes no sense."""
    if name == "exists":
        exists = _exists(property_type)
        return exists if operand else negate(exists)
    if name == "empty":
        empty = _empty(property_type)
        return empty if operand else negate(empty)
    if name in _NEGATIONS:
        return negate(plain_predicate(_NEGATIONS[name], operand, property_type, fold, operators))
    if name in ("eq", "in"):
        return scalars.equals(operand, fold) if name == "eq" else scalars.among(operand, fold)
    if name in ORDER_OPERATORS:
        return _order_predicate(name, operand)
    if name == "contains":
        return _contains(operand, property_type, fold)
    if name == "contains_any":
        return scalars.list_contains_any(operand, fold)
    if name == "contains_all":
        return scalars.list_contains_all(operand, fold)
    if name == "starts_with":
        return text.starts_with(operand, fold)
    if name == "ends_with":
        return text.ends_with(operand, fold)
    return text.matches(operand, case_sensitive=operators.case_sensitive)


def _order_predicate(name: str, operand: Any) -> Predicate:
    if any(isinstance(one, bool) for one in to_tuple(operand)):
        raise ConditionRefused("true and false have no order; write eq")
    if name == "between":
        lower, upper = operand
        return numbers.between(lower, upper)
    return numbers.compares(name, operand)


def _contains(operand: Any, property_type: PropertyType | None, fold: CaseFold) -> Predicate:
    in_list = scalars.list_contains(operand, fold)
    if property_type == "list":
        return in_list
    if not isinstance(operand, str):
        if property_type == "text":
            raise ConditionRefused(f"{operand!r} is not text, and the property is of type text")
        return in_list
    in_text = text.contains(operand, fold)
    if property_type == "text":
        return in_text
    return lambda value: in_text(value) or in_list(value)


def _exists(property_type: PropertyType | None) -> Predicate:
    """A value of another type than the declared one counts as missing."""
    if property_type is None:
        return lambda value: value is not None
    return lambda value: fits(value, property_type)


def _empty(property_type: PropertyType | None) -> Predicate:
    if property_type is None:
        return scalars.is_empty
    return lambda value: scalars.is_empty(value) or not fits(value, property_type)

"""Operators that time does not touch, as predicates: existence, equality, order of numbers, text and lists."""

from __future__ import annotations

from functools import partial
from typing import Any

from schemas.conditions import Operators
from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from streams.engine.conditions import numbers, scalars, text
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.operand_types import ORDER_OPERATORS, to_tuple, type_test
from streams.engine.conditions.predicates import Predicate, negate
from streams.engine.conditions.scalars import Comparison

_NEGATIONS = {"ne": "eq", "not_in": "in", "not_contains": "contains"}


class PlainOperators:
    """Compiles the operators of one leaf for values of its type (None: any)."""

    def __init__(self, operators: Operators, property_type: PropertyType | None, version: EngineVersion) -> None:
        self._case_sensitive = operators.case_sensitive
        self._ignores_accents = operators.accents == "ignore"
        self._property_type = property_type
        self._version = version
        fold = text.fold_for(
            case_sensitive=self._case_sensitive, ignores_accents=self._ignores_accents, version=version
        )
        self._comparison = Comparison(fold, converts=property_type is None and version >= 4)

    def predicate(self, name: str, operand: Any) -> Predicate:
        """Returns the predicate of one operator. Raises ConditionRefused when its operand makes no sense."""
        if name in _NEGATIONS:
            return negate(self.predicate(_NEGATIONS[name], operand))
        if name == "exists":
            exists = self._exists()
            return exists if operand else negate(exists)
        if name == "empty":
            empty = self._empty()
            return empty if operand else negate(empty)
        if name in ORDER_OPERATORS:
            return self._order(name, operand)
        if name == "contains":
            return self._contains(operand)
        return self._scalar_or_text(name, operand)

    def _scalar_or_text(self, name: str, operand: Any) -> Predicate:
        comparison = self._comparison
        if name == "eq":
            return scalars.equals(operand, comparison)
        if name == "in":
            return scalars.among(operand, comparison)
        if name == "contains_any":
            return scalars.list_contains_any(operand, comparison)
        if name == "contains_all":
            return scalars.list_contains_all(operand, comparison)
        if name == "starts_with":
            return comparison.of_text(text.starts_with(operand, comparison.fold))
        if name == "ends_with":
            return comparison.of_text(text.ends_with(operand, comparison.fold))
        return comparison.of_text(
            text.matches(
                operand,
                case_sensitive=self._case_sensitive,
                ignores_accents=self._ignores_accents,
                version=self._version,
            )
        )

    def _order(self, name: str, operand: Any) -> Predicate:
        if any(isinstance(one, bool) for one in to_tuple(operand)):
            raise ConditionRefused("true and false have no order; write eq")
        if name == "between":
            lower, upper = operand
            return self._comparison.of_number(numbers.between, lower, upper)
        return self._comparison.of_number(partial(numbers.compares, name), operand)

    def _contains(self, operand: Any) -> Predicate:
        in_list = scalars.list_contains(operand, self._comparison)
        if self._property_type == "list":
            return in_list
        if not isinstance(operand, str):
            if self._property_type == "text":
                raise ConditionRefused(f"{operand!r} is not text, and the property is of type text")
            return in_list
        in_text = self._comparison.of_text(text.contains(operand, self._comparison.fold))
        if self._property_type == "text":
            return in_text
        return lambda value: in_text(value) or in_list(value)

    def _exists(self) -> Predicate:
        """A value of another type than the declared one counts as missing."""
        if self._property_type is None:
            return lambda value: value is not None
        return type_test(self._property_type, self._version)

    def _empty(self) -> Predicate:
        if self._property_type is None:
            return scalars.is_empty
        fits = type_test(self._property_type, self._version)
        return lambda value: scalars.is_empty(value) or not fits(value)

"""The operators of a property leaf or a filter, compiled into tests of one JSON value (None: it is missing).

A declared type decides which operators fit and what their operands must be; without one each operand's own JSON type
says what it compares with, and a value of another type is missing to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from schemas.conditions import Operators
from schemas.definitions import PropertyType
from streams.engine.conditions import numbers, scalars, text
from streams.engine.conditions.dates.date_bounds import is_date, is_date_value, parse_instant
from streams.engine.conditions.dates.date_tests import DateTest, date_test
from streams.engine.conditions.dates.zones import Zones
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.operand_types import (
    DATE_OPERATORS,
    EQUALITY_OPERATORS,
    EXISTENCE_OPERATORS,
    ORDER_OPERATORS,
    fits,
    operators_by_name,
    require_fit,
    to_tuple,
)
from streams.engine.conditions.scalars import Predicate
from streams.engine.conditions.text import CaseFold
from streams.engine.conditions.tree import due_of_all

_ZONE_PATH = ("in_zone",)
_NEGATIONS = {"ne": "eq", "not_in": "in", "not_contains": "contains"}


class TimedTest(Protocol):
    """A test of a value whose outcome time alone may change."""

    def holds(self, value: Any, now: int, zones: Zones) -> bool: ...

    def due(self, value: Any, now: int, zones: Zones) -> int | None: ...


@dataclass(frozen=True, slots=True)
class ValueTests:
    """All of them must hold of a value."""

    plain: tuple[Predicate, ...]
    timed: tuple[TimedTest, ...]

    def holds(self, value: Any, now: int, zones: Zones) -> bool:
        """Whether the value passes at `now` (ms)."""
        return all(test(value) for test in self.plain) and all(test.holds(value, now, zones) for test in self.timed)

    def due(self, value: Any, now: int, zones: Zones) -> int | None:
        """When time alone may change that."""
        if not self.timed or not all(test(value) for test in self.plain):
            return None
        if len(self.timed) == 1:
            return self.timed[0].due(value, now, zones)
        return due_of_all((test.holds(value, now, zones), test.due(value, now, zones)) for test in self.timed)


@dataclass(frozen=True, slots=True)
class _DateValueTest:
    """A date test of a JSON value, in the account's zone or in the contact's."""

    test: DateTest
    uses_contact_zone: bool

    def holds(self, value: Any, now: int, zones: Zones) -> bool:
        zone = zones.contact if self.uses_contact_zone else zones.account
        return self.test.holds(parse_instant(value, zone), now, zone)

    def due(self, value: Any, now: int, zones: Zones) -> int | None:
        zone = zones.contact if self.uses_contact_zone else zones.account
        return self.test.due(parse_instant(value, zone), now, zone)


@dataclass(frozen=True, slots=True)
class _DateOrPlainTest:
    """Equality where the value's type is not declared: of dates where it says one, else of JSON values."""

    date: _DateValueTest
    plain: Predicate

    def holds(self, value: Any, now: int, zones: Zones) -> bool:
        return self.date.holds(value, now, zones) if is_date(value) else self.plain(value)

    def due(self, value: Any, now: int, zones: Zones) -> int | None:
        return self.date.due(value, now, zones) if is_date(value) else None


@dataclass(frozen=True, slots=True)
class _HasItemTest:
    """One item of a list of objects meets every test."""

    fields: tuple[tuple[str, ValueTests], ...]

    def holds(self, value: Any, now: int, zones: Zones) -> bool:
        return isinstance(value, list) and any(self._item_holds(item, now, zones) for item in value)

    def due(self, value: Any, now: int, zones: Zones) -> int | None:
        if not isinstance(value, list):
            return None
        dues = [due for item in value if (due := self._item_due(item, now, zones)) is not None]
        return min(dues, default=None)

    def _item_holds(self, item: Any, now: int, zones: Zones) -> bool:
        return isinstance(item, dict) and all(tests.holds(item.get(key), now, zones) for key, tests in self.fields)

    def _item_due(self, item: Any, now: int, zones: Zones) -> int | None:
        if not isinstance(item, dict):
            return None
        values = [(item.get(key), tests) for key, tests in self.fields]
        return due_of_all((tests.holds(value, now, zones), tests.due(value, now, zones)) for value, tests in values)


def compile_operators(operators: Operators, property_type: PropertyType | None) -> ValueTests:
    """The tests of a value of the declared type, or of any (None). Raises ConditionRefused for what cannot fit."""
    plain: list[Predicate] = []
    timed: list[TimedTest] = []
    fold = text.fold_for(case_sensitive=operators.case_sensitive)
    if operators.has_item is not None and "in_zone" in operators.model_fields_set:
        raise ConditionRefused(
            "says nothing beside has_item; write it inside, beside the dates it is meant for", _ZONE_PATH
        )
    for name, operand in operators_by_name(operators).items():
        try:
            require_fit(name, operand, property_type)
            if name == "has_item":
                timed.append(_compile_has_item(operand))
            elif _compares_dates(name, operand, property_type):
                timed.append(_DateValueTest(date_test(name, operand), operators.in_zone == "contact"))
            elif _may_equal_dates(name, operand, property_type):
                dated = _DateValueTest(date_test(name, _date_operands(operand)), operators.in_zone == "contact")
                timed.append(_DateOrPlainTest(dated, _plain_predicate(name, operand, property_type, fold, operators)))
            else:
                plain.append(_plain_predicate(name, operand, property_type, fold, operators))
        except ConditionRefused as refusal:
            raise refusal.with_prefix(name) from None
    return ValueTests(tuple(plain), tuple(timed))


def uses_dates(operators: Operators, property_type: PropertyType | None) -> bool:
    """Whether a time zone or the present matters to these operators."""
    for name, operand in operators_by_name(operators).items():
        if name == "has_item":
            if any(uses_dates(inner, None) for inner in operand.values()):
                return True
        elif _compares_dates(name, operand, property_type) or _may_equal_dates(name, operand, property_type):
            return True
    return False


def contact_zone_path(operators: Operators) -> tuple[str, ...] | None:
    """Where the contact's zone is asked for, at any depth of has_item: the keys that lead there; None: nowhere."""
    if operators.in_zone == "contact":
        return _ZONE_PATH
    for field, inner in (operators.has_item or {}).items():
        where = contact_zone_path(inner)
        if where is not None:
            return ("has_item", field, *where)
    return None


def _compares_dates(name: str, operand: Any, property_type: PropertyType | None) -> bool:
    """Whether the operator compares dates: a declared date always does, an undeclared value where only dates fit."""
    if name in EXISTENCE_OPERATORS:
        return False
    if property_type in ("date", "datetime"):
        return True
    if name in DATE_OPERATORS:
        return True
    if property_type is not None or name not in ORDER_OPERATORS:
        return False
    return any(isinstance(one, str) for one in to_tuple(operand))


def _may_equal_dates(name: str, operand: Any, property_type: PropertyType | None) -> bool:
    """Whether an undeclared value is compared for equality with a date, if it turns out to be one itself."""
    return property_type is None and name in EQUALITY_OPERATORS and bool(_date_operands(to_tuple(operand)))


def _date_operands(operand: Any) -> Any:
    """The date values of a list of operands; a single operand as it is."""
    if not isinstance(operand, tuple):
        return operand
    return tuple(one for one in operand if isinstance(one, str) and is_date_value(one))


def _compile_has_item(fields: Mapping[str, Operators]) -> _HasItemTest:
    compiled: list[tuple[str, ValueTests]] = []
    for key, operators in fields.items():
        try:
            compiled.append((key, compile_operators(operators, None)))
        except ConditionRefused as refusal:
            raise refusal.with_prefix(key) from None
    return _HasItemTest(tuple(compiled))


def _plain_predicate(
    name: str, operand: Any, property_type: PropertyType | None, fold: CaseFold, operators: Operators
) -> Predicate:
    if name == "exists":
        exists = _exists(property_type)
        return exists if operand else numbers.negate(exists)
    if name == "empty":
        empty = _empty(property_type)
        return empty if operand else numbers.negate(empty)
    if name in _NEGATIONS:
        return numbers.negate(_plain_predicate(_NEGATIONS[name], operand, property_type, fold, operators))
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
    """A value of another type than the declared one is missing."""
    if property_type is None:
        return lambda value: value is not None
    return lambda value: fits(value, property_type)


def _empty(property_type: PropertyType | None) -> Predicate:
    if property_type is None:
        return scalars.is_empty
    return lambda value: scalars.is_empty(value) or not fits(value, property_type)

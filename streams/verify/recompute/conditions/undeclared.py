"""Values without a declared type: numbers and texts meet where they read alike (SPEC section 5, from version 4)."""

from __future__ import annotations

from typing import Any

from streams.verify.recompute.conditions.numbers import are_numbers, meets_number, number_text
from streams.verify.recompute.conditions.regex import matches_pattern
from streams.verify.recompute.conditions.text_rules import TextRules

_ORDER_OPERATORS = frozenset({"gt", "gte", "lt", "lte", "between"})
_LIST_OPERATORS = frozenset({"contains", "contains_any", "contains_all"})


def undeclared_holds(name: str, operand: Any, value: Any, rules: TextRules) -> bool:
    """Whether an operator holds for a value that is there; equality of dates is not looked at."""
    if name == "eq":
        return is_same(value, operand, rules)
    if name == "in":
        return any(is_same(value, one, rules) for one in operand)
    if name in _ORDER_OPERATORS:
        return meets_number(value, name, operand)
    if isinstance(value, list):
        return name in _LIST_OPERATORS and _list_holds(name, operand, value, rules)
    text = read_text(value)
    return text is not None and isinstance(operand, str) and text_holds(name, operand, text, rules)


def is_same(value: Any, operand: Any, rules: TextRules) -> bool:
    """Whether a value is the operand, by the operand's kind: a boolean, a text or a number."""
    if isinstance(operand, bool) or isinstance(value, bool):
        return value is operand
    if isinstance(operand, str):
        text = read_text(value)
        return text is not None and rules.fold(text) == rules.fold(operand)
    return meets_number(value, "eq", operand)


def text_holds(name: str, operand: str, text: str, rules: TextRules) -> bool:
    """Whether an operator on text holds."""
    if name == "matches":
        return matches_pattern(operand, text, rules.case_sensitive, rules)
    a, b = rules.fold(text), rules.fold(operand)
    tests = {"contains": b in a, "starts_with": a.startswith(b), "ends_with": a.endswith(b)}
    return tests.get(name, False)


def read_text(value: Any) -> str | None:
    """The text that an undeclared value reads as: text as it is, a number as its canonical text."""
    if isinstance(value, str):
        return value
    return number_text(value) if are_numbers(value) else None


def _list_holds(name: str, operand: Any, items: list[Any], rules: TextRules) -> bool:
    wanted = operand if isinstance(operand, list | tuple) else [operand]
    present = [any(is_same(item, one, rules) for item in items) for one in wanted]
    return any(present) if name == "contains_any" else all(present)

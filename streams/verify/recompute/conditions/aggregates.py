"""`sum`, `average` and `distinct` over the matching events of a window (SPEC section 5, from version 4 on)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streams.verify.recompute.conditions.event_fields import field_value, property_value
from streams.verify.recompute.conditions.numbers import MILLION, exact, number_holds, read_amount, read_number
from streams.verify.recompute.conditions.text_rules import TextRules
from streams.verify.recompute.model import HistoryActivity, PlainCondition

AGGREGATES = ("sum", "average", "distinct")


def aggregate_holds(name: str, tests: PlainCondition, events: Iterable[HistoryActivity], engine_version: int) -> bool:
    """Whether an aggregate over these events meets its operators; an empty average meets none."""
    operators = {operator: operand for operator, operand in tests.items() if operator != "of"}
    if name == "distinct":
        values = [field_value(event, tests["of"], engine_version) for event in events]
        return number_holds(len({_distinct_key(value) for value in values} - {None}), operators)
    amounts = [read_amount(property_value(event, tests["of"], engine_version)) for event in events]
    numbers = [amount for amount in amounts if amount is not None]
    if name == "average" and not numbers:
        return False
    times = MILLION * len(numbers) if name == "average" else MILLION
    return number_holds(
        sum(numbers), {operator: _multiply(operand, times) for operator, operand in operators.items()}
    )


def _multiply(operand: Any, times: int) -> Any:
    """The operand on the scale of the sum, exactly: an average is compared without dividing."""
    return [exact(one) * times for one in operand] if isinstance(operand, list | tuple) else exact(operand) * times


def _distinct_key(value: Any) -> Any:
    """What equal values share: the number where it reads as one, else the folded text; None for all else.

    True and false are values of their own.
    """
    if isinstance(value, bool):
        return ("truth", value)
    number = read_number(value)
    if number is not None:
        return exact(number) if isinstance(number, float) else number
    return TextRules().fold(value) if isinstance(value, str) else None

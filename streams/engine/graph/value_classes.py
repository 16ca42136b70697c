"""Groups the values of one subject into classes: all tests of a subject treat the values of one class alike.

| value | its class is decided by |
|---|---|
| number | between which of the numbers of the tests it lies, or which one it equals |
| text | which texts of the tests it equals; the whole text where a test looks inside it |
| true, false | itself |
| list, object | itself |

An undeclared value is compared as a number and as a text from engine version 4 on, so both decide its class.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from schemas.conditions import NumberOperators, Operators
from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from schemas.values import MILLION
from streams.engine.conditions.numbers import Numeric, exact_number, is_number, number_from
from streams.engine.conditions.operand_types import to_tuple
from streams.engine.conditions.text import CaseFold, fold_for, text_from

_COMPARISONS = ("eq", "ne", "in_", "not_in", "gt", "gte", "lt", "lte", "between")
_TEXT_SEARCHES = ("contains", "not_contains", "starts_with", "ends_with", "matches")
_TYPES_READ_FROM_TEXT = ("date", "datetime")
MAX_CLASS_TEXT = 256
"""A longer text is no key: it would make the tables large."""

ValueType = PropertyType | Literal["score"]


@dataclass(frozen=True, slots=True)
class ValueOperators:
    """The operators of one leaf, and the declared type of the value; `score`: a number of millionths."""

    operators: Operators | NumberOperators
    value_type: ValueType | None


class ValueClasses:
    """The classes of one subject's values, for the operators of all its tests."""

    __slots__ = ("_exact_numbers", "_folds", "_numbers", "_reads_whole_text", "_scale", "converts")

    def __init__(self, leaves: Iterable[ValueOperators], version: EngineVersion) -> None:
        numbers: set[int | float] = set()
        texts: dict[CaseFold, set[str]] = {}
        self._scale = 1
        self._reads_whole_text = False
        self.converts = False
        """Whether text may count as a number, and a number as text."""
        for leaf in leaves:
            if leaf.value_type == "score":
                self._scale = MILLION
            self.converts |= leaf.value_type is None and version >= 4
            self._reads_whole_text |= leaf.value_type in _TYPES_READ_FROM_TEXT
            fold = None
            if isinstance(leaf.operators, Operators):
                self._reads_whole_text |= any(getattr(leaf.operators, name) is not None for name in _TEXT_SEARCHES)
                fold = fold_for(
                    case_sensitive=leaf.operators.case_sensitive,
                    ignores_accents=leaf.operators.accents == "ignore",
                    version=version,
                )
            for operand in _compared_operands(leaf.operators):
                if is_number(operand):
                    numbers.add(operand)
                elif isinstance(operand, str) and fold is not None:
                    texts.setdefault(fold, set()).add(fold(operand))
        self._numbers: list[Numeric] = sorted(numbers)
        # A number of a text is compared with operands as they are written.
        self._exact_numbers: list[Numeric] = sorted(map(exact_number, numbers)) if self.converts else []
        self._folds = tuple((fold, frozenset(operands)) for fold, operands in texts.items())

    def key(self, value: Any) -> Hashable | None:
        """The class of a value that is not missing; None where the value is too large to be a key."""
        kind = type(value)
        if kind is int or kind is float:
            return self._number_key(value)
        if kind is str:
            if self._reads_whole_text:
                return value if len(value) <= MAX_CLASS_TEXT else None
            number = number_from(value) if self.converts else None
            place = None if number is None else _place(number, self._exact_numbers)
            return ("text", value == "", place, *self._equal_texts(value))
        if kind is bool:
            return ("boolean", value)
        text = repr(value)
        return ("nested", text) if len(text) <= MAX_CLASS_TEXT else None

    def _number_key(self, value: int | float) -> Hashable:
        place = _place(value if self._scale == 1 else value / self._scale, self._numbers)
        if not self.converts:
            return place
        text = text_from(value)
        assert text is not None
        if self._reads_whole_text:
            return ("number", text)
        return ("number", place, *self._equal_texts(text)) if self._folds else place

    def _equal_texts(self, value: str) -> list[str | None]:
        """For each folding the operand that the text equals, None where it equals none."""
        if len(self._folds) == 1:
            fold, operands = self._folds[0]
            text = fold(value)
            return [text if text in operands else None]
        equal: list[str | None] = []
        for fold, operands in self._folds:
            text = fold(value)
            equal.append(text if text in operands else None)
        return equal


def _place(number: Numeric, operands: list[Numeric]) -> int:
    """Twice the number of smaller operands, and one more where it equals an operand."""
    index = bisect_left(operands, number)
    return 2 * index + (index < len(operands) and operands[index] == number)


def _compared_operands(operators: Operators | NumberOperators) -> Iterator[Any]:
    for name in _COMPARISONS:
        operand = getattr(operators, name)
        if operand is not None:
            yield from to_tuple(operand)

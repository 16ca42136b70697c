"""Finds which tests a value passes by one look into a table, instead of one call for each test.

| tests | found by |
|---|---|
| `eq`, `in` of texts | a dictionary of folded texts |
| `starts_with` | a dictionary of folded beginnings for each length |
| `eq`, `gt`, `gte`, `lt`, `lte`, `between` of numbers | a search in the sorted numbers |

All masks are masks of segments.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from operator import or_

from schemas.conditions import Operators
from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from streams.engine.conditions.dates.date_bounds import is_date_value
from streams.engine.conditions.numbers import Numeric, exact_number, is_number
from streams.engine.conditions.operand_types import require_operators, to_tuple
from streams.engine.conditions.text import CaseFold, fold_for

_RANGE_OPERATORS = frozenset({"gt", "gte", "lt", "lte", "between"})
_TABLE_TYPES = ("text", "number", None)


@dataclass(frozen=True, slots=True)
class TextSet:
    """Passed by a text that is one of these folded texts, or begins with one of them."""

    fold: CaseFold
    texts: frozenset[str]
    is_prefix: bool


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Passed by a number of a range; None: it is open on that side. With each bound, whether it lies inside."""

    low: tuple[Numeric, bool] | None
    high: tuple[Numeric, bool] | None

    def exact(self) -> NumberRange:
        """The range that a number of a text is compared with: its bounds count as they are written."""
        return NumberRange(_exact_bound(self.low), _exact_bound(self.high))


def _exact_bound(bound: tuple[Numeric, bool] | None) -> tuple[Numeric, bool] | None:
    return (
        None if bound is None else (bound[0] if isinstance(bound[0], Decimal) else exact_number(bound[0]), bound[1])
    )


Lookup = TextSet | NumberRange


def find_lookup(operators: Operators, value_type: PropertyType | None, version: EngineVersion) -> Lookup | None:
    """The table entry that decides the operators of one leaf; None where only its test does."""
    if value_type not in _TABLE_TYPES:
        return None
    operands = require_operators(operators)
    if operands.keys() <= _RANGE_OPERATORS:
        return _number_range(operators)
    if len(operands) > 1:
        return None
    name, operand = next(iter(operands.items()))
    if name == "eq" and is_number(operand):
        return NumberRange((operand, True), (operand, True))
    texts = [text for text in to_tuple(operand) if isinstance(text, str)]
    if name not in ("eq", "in", "starts_with") or not texts or len(texts) < len(to_tuple(operand)):
        return None
    if value_type is None and name != "starts_with" and any(is_date_value(text) for text in texts):
        return None  # compared as dates too
    fold = fold_for(
        case_sensitive=operators.case_sensitive, ignores_accents=operators.accents == "ignore", version=version
    )
    return TextSet(fold, frozenset(map(fold, texts)), is_prefix=name == "starts_with")


def _number_range(operators: Operators) -> NumberRange | None:
    lows: list[tuple[Numeric, bool]] = []
    highs: list[tuple[Numeric, bool]] = []
    lower, upper = operators.between or (None, None)
    for bounds, operand, is_inside in (
        (lows, operators.gt, False),
        (lows, operators.gte, True),
        (lows, lower, True),
        (highs, operators.lt, False),
        (highs, operators.lte, True),
        (highs, upper, True),
    ):
        if operand is None:
            continue
        if isinstance(operand, bool | str):
            return None
        bounds.append((operand, is_inside))
    low = max(lows, key=lambda bound: (bound[0], not bound[1]), default=None)
    high = min(highs, key=lambda bound: (bound[0], bound[1]), default=None)
    return NumberRange(low, high)


class TextTable:
    """Text sets under one case folding."""

    __slots__ = ("_by_prefix", "_by_text", "_fold")

    def __init__(self, fold: CaseFold) -> None:
        self._fold = fold
        self._by_text: dict[str, int] = defaultdict(int)
        self._by_prefix: dict[int, dict[str, int]] = {}

    def add(self, segments: int, texts: TextSet) -> None:
        """Adds the segments that need one of the texts."""
        for text in texts.texts:
            table = self._by_prefix.setdefault(len(text), {}) if texts.is_prefix else self._by_text
            table[text] = table.get(text, 0) | segments

    def passed(self, text: str) -> int:
        """The mask of the segments whose test the text passes."""
        folded = self._fold(text)
        mask = self._by_text.get(folded, 0)
        for length, prefixes in self._by_prefix.items():
            mask |= prefixes.get(folded[:length], 0)
        return mask


class NumberTable:
    """Ranges of numbers. Those with one bound are kept sorted, with the mask of all on one side of each."""

    __slots__ = ("_closed", "_equal", "_highs", "_highs_from", "_lows", "_lows_up_to")

    def __init__(self, ranges: list[tuple[int, NumberRange]]) -> None:
        lows: dict[tuple[Numeric, int], int] = defaultdict(int)
        highs: dict[tuple[Numeric, int], int] = defaultdict(int)
        self._equal: dict[Numeric, int] = defaultdict(int)
        self._closed: list[tuple[NumberRange, int]] = []
        for segments, one in ranges:
            if one.low is not None and one.low == one.high and one.low[1]:
                self._equal[one.low[0]] |= segments
            elif one.low is not None and one.high is not None:
                self._closed.append((one, segments))
            elif one.low is not None:
                lows[one.low[0], 0 if one.low[1] else 1] |= segments
            elif one.high is not None:
                highs[one.high[0], 1 if one.high[1] else 0] |= segments
        self._lows, self._highs = sorted(lows), sorted(highs)
        self._lows_up_to: list[int] = [0, *accumulate((lows[key] for key in self._lows), or_)]
        self._highs_from: list[int] = [0, *accumulate((highs[key] for key in reversed(self._highs)), or_)][::-1]

    def passed(self, number: Numeric) -> int:
        """The mask of the segments whose range holds the number."""
        place = (number, 0)
        mask: int = self._equal.get(number, 0)
        mask |= self._lows_up_to[bisect_right(self._lows, place)]
        mask |= self._highs_from[bisect_right(self._highs, place)]
        for one, segments in self._closed:
            if _is_above(number, one.low) and _is_below(number, one.high):
                mask |= segments
        return mask


def _is_above(number: Numeric, low: tuple[Numeric, bool] | None) -> bool:
    return low is None or number > low[0] or (low[1] and number == low[0])


def _is_below(number: Numeric, high: tuple[Numeric, bool] | None) -> bool:
    return high is None or number < high[0] or (high[1] and number == high[0])

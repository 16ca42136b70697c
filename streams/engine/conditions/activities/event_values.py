"""Values of events that `sum`, `average` and `distinct` take, as whole numbers, and the state that stores them.

The state is [instant (ms), value, instant, value, ...], ascending by instant, equal ones in the journal's order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from decimal import MAX_PREC, ROUND_HALF_EVEN, Context, Decimal
from hashlib import blake2b
from typing import Any

from schemas.values import MILLION, to_millionths
from streams.engine.conditions.activities.event_fields import FieldReader
from streams.engine.conditions.activities.event_filters import EventFilter
from streams.engine.conditions.numbers import Numeric, exact_number, number_from
from streams.engine.conditions.protocols import Activity
from streams.engine.conditions.text import fold_for

MOST_AMOUNT = 10**15
"""The largest amount of one event, in either direction; one beyond is skipped, as a value that is no number."""

_MILLIONTH = Decimal("0.000001")
_UNBOUNDED = Context(prec=MAX_PREC)
_fold = fold_for(case_sensitive=False)


@dataclass(frozen=True, slots=True)
class EventValues:
    """The values of a field, of the events that pass a filter."""

    event_filter: EventFilter
    read: FieldReader
    convert: Callable[[Any], int | None]
    """Returns the whole number that stands for a field's value; None for a value that is skipped."""

    def matches(self, activity: Activity) -> bool:
        """Whether the event passes the filter and has a value."""
        return self.event_filter.matches(activity) and self.convert(self.read(activity)) is not None

    def value_of(self, activity: Activity) -> int:
        """Returns the value of an event that matches."""
        value = self.convert(self.read(activity))
        assert value is not None, "it matches"
        return value


def amount_of(value: Any) -> int | None:
    """Returns the number that a value is or reads as, in millionths, rounded half-even; None when it has none."""
    number = number_from(value)
    if number is None or not -MOST_AMOUNT <= number <= MOST_AMOUNT:
        return None
    if isinstance(number, Decimal):
        return int(number.quantize(_MILLIONTH, ROUND_HALF_EVEN) * MILLION)
    return to_millionths(number)


def identity_of(value: Any) -> int | None:
    """Returns a whole number of 63 bits that equal values share: of the number that it reads as, else of folded text.

    True and false are two more values. A missing value, a list and an object are none: they give None.
    """
    if isinstance(value, bool):
        return _hash(f"truth {value}")
    number = number_from(value)
    if number is not None:
        return _hash(f"number {_number_text(number)}")
    return _hash(f"text {_fold(value)}") if isinstance(value, str) else None


def _number_text(number: Numeric) -> str:
    """Returns a text that equal numbers share; a double is its shortest decimal form."""
    exact = exact_number(number) if isinstance(number, float) else number
    if isinstance(exact, int):
        return str(exact)
    shortest = repr(float(exact))
    return shortest if Decimal(shortest) == exact else str(exact.normalize(_UNBOUNDED))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()) >> 1


def instants_of(state: list[int]) -> list[int]:
    """Returns the instants of a state."""
    return state[::2]


def values_of(state: list[int]) -> list[int]:
    """Returns the values of a state, one for each instant."""
    return state[1::2]


def insert_value(state: list[int], at: int, value: int) -> list[int]:
    """Returns a new state with one event more, behind all events up to its instant."""
    index = 2 * bisect_right(state[::2], at)
    return [*state[:index], at, value, *state[index:]]


def merge_values(earlier: list[int], later: list[int]) -> list[int]:
    """Returns the state of the events of both; among equal instants those of the earlier part come first."""
    pairs = [*zip(earlier[::2], earlier[1::2], strict=True), *zip(later[::2], later[1::2], strict=True)]
    pairs.sort(key=lambda pair: pair[0])
    return [number for pair in pairs for number in pair]


def newer_half(state: list[int]) -> list[int]:
    """Returns the newer half of a state."""
    return state[2 * ((len(state) // 2 + 1) // 2) :]

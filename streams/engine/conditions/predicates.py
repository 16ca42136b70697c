"""Predicates: tests of one JSON value (None: it is missing), and how they combine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Predicate = Callable[[Any], bool]


def negate(predicate: Predicate) -> Predicate:
    """Returns the exact negation: it also holds for a missing value where the predicate does not."""
    return lambda value: not predicate(value)


def all_of(tests: Sequence[Predicate]) -> Predicate:
    """Returns a predicate that holds when all of the tests hold."""
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda value: first(value) and second(value)
    return lambda value: all(test(value) for test in tests)

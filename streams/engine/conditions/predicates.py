"""Predicates: tests of one JSON value (None: it is missing), and how they combine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Predicate = Callable[[Any], bool]


def negate(predicate: Predicate) -> Predicate:
    """True where the predicate is not, of a missing value too."""
    return lambda value: not predicate(value)


def all_of(tests: Sequence[Predicate]) -> Predicate:
    """True where every one of the tests is."""
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda value: first(value) and second(value)
    return lambda value: all(test(value) for test in tests)

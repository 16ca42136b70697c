"""The operands of a property leaf: durations and texts, for every operator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from streams.verify.recompute.conditions.dates import to_ms

DURATION_OPERATORS = ("within_last", "within_next", "older_than", "anniversary_within")


def operand_values(leaf: Any) -> Iterator[int | str]:
    """Durations (ms) and texts, at any depth."""
    yield from _nested_operand_values({name: x for name, x in leaf.items() if name not in ("property", "held_for")})


def _nested_operand_values(tests: Any) -> Iterator[int | str]:
    """Operands inside `has_item`, where any key is possible, `property` too."""
    for name, x in tests.items():
        for one in x if isinstance(x, list) else [x]:
            if isinstance(one, dict):
                yield from _nested_operand_values(one)
            elif name in DURATION_OPERATORS:
                yield to_ms(one)
            elif isinstance(one, str):
                yield one


def texts(value: Any) -> Iterator[str]:
    """Every text of a property's value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)

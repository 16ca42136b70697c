"""Holds the engine's version and the parts of the language that it refuses by name because it does not serve them."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.conditions import (
    AllOf,
    AnyOf,
    Condition,
    NotOf,
)
from streams.errors import EngineVersionMismatch

ENGINE_VERSION = 3
"""The version of the engine's decisions: raised whenever it would decide the same journal and releases differently.

What `definitions check` refuses is part of it, since a refused release is void for every reader.
"""

EVENT_TYPES_NOT_SERVED = frozenset({"contact.merged", "contact.identified", "contact.erased"})
"""Event types that are dead letters `not_served`; so is every event of an anonymous visitor."""

ACTIONS_NOT_SERVED = frozenset({"notify"})
"""Actions of automation rules that `definitions check` refuses."""


def walk(condition: Condition) -> Iterator[Condition]:
    """Every node of a condition, the root first."""
    yield condition
    if isinstance(condition, AllOf):
        for child in condition.all:
            yield from walk(child)
    elif isinstance(condition, AnyOf):
        for child in condition.any:
            yield from walk(child)
    elif isinstance(condition, NotOf):
        yield from walk(condition.not_)


def require_version(number: int, what: str) -> None:
    """Raises EngineVersionMismatch unless `what` was written by an engine of this version."""
    if number != ENGINE_VERSION:
        raise EngineVersionMismatch(
            f"{what} was written by an engine of semantics {number}, this one has {ENGINE_VERSION}; run the version"
            " that wrote it, or start a new deployment under another prefix and publish the events to it again"
        )

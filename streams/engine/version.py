"""What the engine serves, in one place: the door and `definitions check` ask here.

What is written in the language but not served yet is refused by name and never ignored.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.conditions import (
    AllOf,
    AnyOf,
    Condition,
    NotOf,
)
from schemas.definitions import Actions
from streams.errors import EngineVersionMismatch

ENGINE_VERSION = 3
"""The number of the engine's meaning: raised whenever the same journal and releases would be decided differently.

What `definitions check` refuses is part of it, since a release that it refuses is void for every reader.
"""

EVENT_TYPES_NOT_SERVED = frozenset({"contact.merged", "contact.identified", "contact.erased"})
"""Event types that are dead letters `not_served`; so is every event of an anonymous visitor."""

ACTIONS_NOT_SERVED = frozenset({"notify"})
"""Actions of automation rules that are refused."""


def walk(condition: Condition) -> Iterator[Condition]:
    """Every node of a tree, the root first."""
    yield condition
    if isinstance(condition, AllOf):
        for child in condition.all:
            yield from walk(child)
    elif isinstance(condition, AnyOf):
        for child in condition.any:
            yield from walk(child)
    elif isinstance(condition, NotOf):
        yield from walk(condition.not_)


def unserved_actions(actions: Actions) -> list[str]:
    """The actions of a rule that the engine does not serve."""
    return sorted(key for key in ACTIONS_NOT_SERVED if getattr(actions, key) is not None)


def require_version(number: int, what: str) -> None:
    """Raises EngineVersionMismatch unless `what` was written by an engine of this meaning."""
    if number != ENGINE_VERSION:
        raise EngineVersionMismatch(
            f"{what} was written by an engine of semantics {number}, this one has {ENGINE_VERSION}; run the version"
            " that wrote it, or start a new deployment under another prefix and publish the events to it again"
        )

"""Holds the engine's versions and the events that it refuses by name because it does not serve them.

A version decides the same journal and the same releases always alike. What `definitions check` refuses is part of it,
since a refused release is void for every reader. A release is decided by the version that it was applied with
(docs/decisions/0016), so an engine knows the version before its newest one too.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.conditions import (
    AllOf,
    AnyOf,
    Condition,
    NotOf,
)
from schemas.engine_versions import NEWEST_VERSION, OLDEST_VERSION
from streams.errors import EngineVersionMismatch

EVENT_TYPES_NOT_SERVED = frozenset({"contact.merged", "contact.identified", "contact.erased"})
"""Event types that are dead letters `not_served`; so is every event of an anonymous visitor."""

CONTACTS_VERSION = 4
"""The version from which on the contacts of an account have rows of the topic `contacts`."""

HAND_OVERS_VERSION = 4
"""The version from which on outputs name who gave a command, and leads and hand-overs the CRM's newest answer."""


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
    """Raises EngineVersionMismatch unless `what` was decided by a version that this engine knows."""
    if not OLDEST_VERSION <= number <= NEWEST_VERSION:
        raise EngineVersionMismatch(
            f"{what} was written by an engine of version {number}, this one knows {OLDEST_VERSION} to"
            f" {NEWEST_VERSION}; run the version that wrote it, or start a new deployment under another prefix and"
            " publish the events to it again"
        )

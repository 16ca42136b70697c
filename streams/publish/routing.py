"""Which in-topic an event belongs on, and whose it is. Pure: the door of the journal knows the same kinds."""

from __future__ import annotations

from dataclasses import dataclass

from streams.engine.canonical import KINDS


@dataclass(frozen=True, slots=True)
class Route:
    """An in-topic (without prefix) and the field of an event that becomes the record's key."""

    topic: str
    key_field: str


def route_of(event_type: str) -> Route | None:
    """Where events of this type go; None for a type that Leadstream has never heard of."""
    kind = KINDS.get(event_type)
    return Route(kind.topic, kind.owner) if kind else None

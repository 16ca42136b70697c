"""Conditions compiled and asked in one line."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from schemas.conditions import Condition
from schemas.definitions import STANDARD_PROPERTIES, PropertyType
from schemas.values import instant_ms
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.protocols import Compiled, Happening, Scene, Surroundings
from streams.engine.state.contact import Contact, Lead

NOW = instant_ms("2026-03-10T12:00:00Z")
_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


def compiled(condition: dict[str, Any], zone: str = "UTC", **declared: PropertyType) -> Compiled:
    """A condition as written, with declared properties."""
    return compile_condition(
        _CONDITION.validate_python(condition), Surroundings(zone, {**STANDARD_PROPERTIES, **declared})
    )


def contact(*, created: int = NOW - 1_000_000_000, now: int = NOW, **fields: Any) -> Contact:
    """A contact with any of its fields set."""
    made = Contact("default", "ada", created, now, 0)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def scene(of: Contact, now: int = NOW, lead: Lead | None = None) -> Scene:
    """The contact at an instant, with a lead at hand or without."""
    return Scene(of, now, lead, 0 if lead is None else lead.points)


def holds(
    condition: dict[str, Any],
    properties: dict[str, Any],
    now: int = NOW,
    zone: str = "UTC",
    **declared: PropertyType,
) -> bool:
    """Whether a condition holds of a contact with these properties."""
    of = contact(properties=properties, now=now)
    return compiled(condition, zone, **declared).node.holds(scene(of, now))


def due(
    condition: dict[str, Any],
    properties: dict[str, Any],
    now: int = NOW,
    zone: str = "UTC",
    **declared: PropertyType,
) -> int | None:
    """When time alone may change that."""
    of = contact(properties=properties, now=now)
    return compiled(condition, zone, **declared).node.due(scene(of, now))


def visit(at: int, url: str = "https://acme.example/", **fields: Any) -> Happening:
    """A web visit."""
    return Happening(at, "visit", True, {"url": url, **fields})


def activity(at: int, name: str, **properties: Any) -> Happening:
    """Another activity with properties."""
    return Happening(at, name, False, {"properties": properties})


def counting(
    condition: dict[str, Any], happenings: list[Happening], now: int, zone: str = "UTC"
) -> tuple[bool, Contact]:
    """Whether a counted condition holds after these happened in this order, and the contact that it holds of."""
    ready = compiled(condition, zone)
    of = contact(now=now)
    remember(ready, of, happenings)
    return ready.node.holds(scene(of, now)), of


def remember(ready: Compiled, of: Contact, happenings: list[Happening]) -> None:
    """Counts happenings as the engine does: each at the contact's clock, a late one at its place."""
    clock = min((one.at for one in happenings), default=of.created)
    for happening in happenings:
        clock = max(clock, happening.at)
        for counter in ready.counters:
            if counter.matches(happening):
                of.counts[counter.key] = counter.count(of.counts.get(counter.key, []), happening, clock)

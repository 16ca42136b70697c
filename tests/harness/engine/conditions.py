"""Conditions compiled and asked in one line."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from schemas.conditions import Condition
from schemas.definitions import STANDARD_PROPERTIES, PropertyType
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from schemas.values import instant_ms
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.protocols import Activity, CompiledCondition, CompileScope, EvaluationContext
from streams.engine.state.contact import Contact, Lead

NOW = instant_ms("2026-03-10T12:00:00Z")
_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


def compile_dict(
    condition: dict[str, Any],
    zone: str = "UTC",
    engine_version: EngineVersion = NEWEST_VERSION,
    **declared: PropertyType,
) -> CompiledCondition:
    """A condition as written, with declared properties."""
    scope = CompileScope(zone, {**STANDARD_PROPERTIES, **declared}, engine_version)
    return compile_condition(_CONDITION.validate_python(condition), scope)


def compile_for(version: EngineVersion, condition: dict[str, Any], zone: str = "UTC") -> CompiledCondition:
    """A condition as written, as an engine version means it."""
    return compile_condition(_CONDITION.validate_python(condition), CompileScope(zone, STANDARD_PROPERTIES, version))


def contact(*, created: int = NOW - 1_000_000_000, now: int = NOW, **fields: Any) -> Contact:
    """A contact with any of its fields set."""
    made = Contact("default", "ada", created, now, 0)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def evaluation_context(contact: Contact, now: int = NOW, lead: Lead | None = None) -> EvaluationContext:
    """The contact at an instant, with a lead at hand or without."""
    return EvaluationContext(contact, now, lead, 0 if lead is None else lead.points)


def holds(
    condition: dict[str, Any],
    properties: dict[str, Any],
    now: int = NOW,
    zone: str = "UTC",
    engine_version: EngineVersion = NEWEST_VERSION,
    **declared: PropertyType,
) -> bool:
    """Whether a condition holds of a contact with these properties."""
    of = contact(properties=properties, now=now)
    return compile_dict(condition, zone, engine_version, **declared).node.holds(evaluation_context(of, now))


def due(
    condition: dict[str, Any],
    properties: dict[str, Any],
    now: int = NOW,
    zone: str = "UTC",
    engine_version: EngineVersion = NEWEST_VERSION,
    **declared: PropertyType,
) -> int | None:
    """When time alone may change that."""
    of = contact(properties=properties, now=now)
    return compile_dict(condition, zone, engine_version, **declared).node.due(evaluation_context(of, now))


def visit(at: int, url: str = "https://acme.example/", **fields: Any) -> Activity:
    """A web visit."""
    return Activity(at, "visit", True, {"url": url, **fields})


def activity(at: int, name: str, **properties: Any) -> Activity:
    """Another activity with properties."""
    return Activity(at, name, False, {"properties": properties})


def holds_after(
    condition: dict[str, Any],
    activities: list[Activity],
    now: int,
    zone: str = "UTC",
    engine_version: EngineVersion = NEWEST_VERSION,
) -> tuple[bool, Contact]:
    """Whether a counted condition holds after these happened in this order, and the contact that it holds of."""
    ready = compile_dict(condition, zone, engine_version)
    of = contact(now=now)
    count_activities(ready, of, activities)
    return ready.node.holds(evaluation_context(of, now)), of


def count_activities(condition: CompiledCondition, contact: Contact, activities: list[Activity]) -> None:
    """Counts happenings as the engine does: each at the contact's clock, a late one at its place."""
    clock = min((one.at for one in activities), default=contact.created)
    for happening in activities:
        clock = max(clock, happening.at)
        for counter in condition.counters:
            if counter.matches(happening):
                contact.counts[counter.key] = counter.update(contact.counts.get(counter.key, []), happening, clock)

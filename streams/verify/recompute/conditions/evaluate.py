"""The simplest evaluator of conditions: from the specification's sentences, over the whole history, with no state.

It shares no code with the engine's. Conditions are plain objects, as definitions are written; instants are ms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streams.verify.recompute.conditions.activities import happened, in_order
from streams.verify.recompute.conditions.dates import date_holds, length
from streams.verify.recompute.conditions.held_for import held
from streams.verify.recompute.conditions.operators import compares, passes, zone_for
from streams.verify.recompute.conditions.properties import property_holds
from streams.verify.recompute.model import Condition, Lead, World

MOMENTS = ("last_visit", "first_visit", "last_activity")


def holds(condition: Condition, world: World, now: int) -> bool:
    """Whether it holds at now."""
    return follows(condition, lambda leaf: leaf_holds(leaf, world, now))


def follows(condition: Condition, is_true: Callable[[Condition], bool]) -> bool:
    """Whether the tree follows from the truth of its leaves."""
    if "all" in condition:
        return all(follows(part, is_true) for part in condition["all"])
    if "any" in condition:
        return any(follows(part, is_true) for part in condition["any"])
    if "not" in condition:
        return not follows(condition["not"], is_true)
    return is_true(condition)


def leaf_holds(condition: Condition, world: World, now: int) -> bool:
    """Whether a leaf holds at now."""
    if "visit" in condition or "activity" in condition:
        return happened(condition, world, now)
    if "sequence" in condition:
        return in_order(condition, world, now)
    if "inactive_for" in condition:
        done = [event.at for event in world.history if event.at <= now]
        return now - max(done, default=world.created) >= length(condition["inactive_for"])
    for moment in MOMENTS:
        if moment in condition:
            return _moment(moment, condition[moment], world, now)
    if "held_for" in condition:
        return held(condition, world, now)
    if "property" in condition:
        return property_holds(condition, world, now)
    return _standing(condition, world, now)


def _standing(condition: Condition, world: World, now: int) -> bool:
    """What the contact is and has."""
    if "segment" in condition:
        return condition["segment"] in world.members
    if "score" in condition:
        operators = {name: operand for name, operand in condition["score"].items() if name != "name"}
        named = condition["score"].get("name")
        score = world.score if named is None else world.scores.get(named, 0)
        return _points_pass(score, operators, world, now)
    if "lead" in condition:
        return _lead(condition["lead"], world, now)
    if "tags" in condition:
        return passes(world.properties.get("tags"), condition["tags"], "list", world, now)
    if "status" in condition:
        return passes(world.status, condition["status"], "text", world, now)
    return _at_hand(condition, world.leads[world.hand], world, now)


def _lead(wanted: dict[str, Any], world: World, now: int) -> bool:
    """The lead in a campaign; one that is deleted is a lead only where its status is asked for."""
    lead = world.leads.get(wanted["campaign"])
    if "status" not in wanted and lead is not None and lead.status == "deleted":
        lead = None
    if "status" not in wanted and "points" not in wanted:
        return lead is not None
    status, points = (lead.status, lead.points) if lead else (None, None)
    return passes(status, wanted.get("status", {}), "text", world, now) and _points_pass(
        points, wanted.get("points", {}), world, now
    )


def _points_pass(points: float | None, operators: dict[str, Any], world: World, now: int) -> bool:
    """Points and scores as they are written, to the digits of a float, and so what they are compared with."""
    written = {name: [float(one) for one in x] if isinstance(x, list) else float(x) for name, x in operators.items()}
    return passes(None if points is None else float(points), written, "number", world, now)


def _at_hand(condition: Condition, lead: Lead, world: World, now: int) -> bool:
    if "points" in condition:
        return _points_pass(lead.points, condition["points"], world, now)
    if "lead_status" in condition:
        return passes(lead.status, condition["lead_status"], "text", world, now)
    ages = condition["lead_age"]
    return compares(now - lead.made, {name: _lengths(operand) for name, operand in ages.items()})


def _lengths(operand: Any) -> Any:
    return [length(text) for text in operand] if isinstance(operand, list) else length(operand)


def _moment(moment: str, operators: dict[str, Any], world: World, now: int) -> bool:
    instants = [e.at for e in world.history if e.at <= now and (e.visit or moment == "last_activity")]
    if not instants:
        return False
    instant = min(instants) if moment == "first_visit" else max(instants)
    zone = zone_for(operators, world)
    tests = {name: operand for name, operand in operators.items() if name != "in_zone"}
    return all(date_holds(name, operand, instant, now, zone) for name, operand in tests.items())

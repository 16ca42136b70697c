"""The simplest evaluator of conditions: from the specification's sentences, over the whole history, with no state.

It shares no code with the engine's. Conditions are plain objects, as definitions are written; instants are ms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.values import instant_text
from streams.verify.recompute.conditions.activities import activity_leaf_holds, sequence_holds
from streams.verify.recompute.conditions.dates import date_holds, to_ms
from streams.verify.recompute.conditions.held_for import held_for_holds
from streams.verify.recompute.conditions.numbers import number_holds
from streams.verify.recompute.conditions.operators import passes, zone_for
from streams.verify.recompute.conditions.properties import property_holds
from streams.verify.recompute.model import ContactModel, ModelLead, PlainCondition

ACTIVITY_TIMES = ("last_visit", "first_visit", "last_activity")


def holds(condition: PlainCondition, model: ContactModel, now: int) -> bool:
    """Whether a condition holds at `now` (ms)."""
    return tree_holds(condition, lambda leaf: leaf_holds(leaf, model, now))


def tree_holds(condition: PlainCondition, leaf_is_true: Callable[[PlainCondition], bool]) -> bool:
    """Whether a tree holds, given the truth of its leaves."""
    if "all" in condition:
        return all(tree_holds(part, leaf_is_true) for part in condition["all"])
    if "any" in condition:
        return any(tree_holds(part, leaf_is_true) for part in condition["any"])
    if "not" in condition:
        return not tree_holds(condition["not"], leaf_is_true)
    return leaf_is_true(condition)


def leaf_holds(condition: PlainCondition, model: ContactModel, now: int) -> bool:
    """Whether a leaf holds at `now` (ms)."""
    if "visit" in condition or "activity" in condition:
        return activity_leaf_holds(condition, model, now)
    if "sequence" in condition:
        return sequence_holds(condition, model, now)
    if "inactive_for" in condition:
        done = [event.at for event in model.activities if event.at <= now]
        return now - max(done, default=model.created) >= to_ms(condition["inactive_for"])
    for activity_time in ACTIVITY_TIMES:
        if activity_time in condition:
            return _activity_time_holds(activity_time, condition[activity_time], model, now)
    if "held_for" in condition:
        return held_for_holds(condition, model, now)
    if "property" in condition:
        return property_holds(condition, model, now)
    if "created" in condition:
        return passes(instant_text(model.created), condition["created"], "datetime", model, now)
    return _state_leaf_holds(condition, model, now)


def _state_leaf_holds(condition: PlainCondition, model: ContactModel, now: int) -> bool:
    """Whether a leaf on status, score, tags, segment or lead holds."""
    if "segment" in condition:
        return condition["segment"] in model.members
    if "score" in condition:
        return _score_holds(condition["score"], model, now)
    if "lead" in condition:
        return _lead_leaf_holds(condition["lead"], model, now)
    if "tags" in condition:
        return passes(model.properties.get("tags"), condition["tags"], "list", model, now)
    if "status" in condition:
        return passes(model.status, condition["status"], "text", model, now)
    return _current_lead_holds(condition, model.leads[model.current_campaign], model, now)


def _score_holds(tests: dict[str, Any], model: ContactModel, now: int) -> bool:
    """Whether a leaf on the contact's own score or a named one holds; a missing score is 0."""
    named = tests.get("name")
    if "exists" in tests and (named in model.score_millionths) is not tests["exists"]:
        return False
    score = model.score if named is None else model.scores.get(named, 0)
    operators = {name: operand for name, operand in tests.items() if name not in ("name", "exists")}
    return _points_pass(score, operators, model, now)


def _lead_leaf_holds(lead_test: dict[str, Any], model: ContactModel, now: int) -> bool:
    """Whether a leaf on a lead holds; a deleted lead counts only when the leaf tests its status."""
    lead = model.leads.get(lead_test["campaign"])
    if "status" not in lead_test and lead is not None and lead.status == "deleted":
        lead = None
    if "status" not in lead_test and "points" not in lead_test:
        return lead is not None
    status, points = (lead.status, lead.points) if lead else (None, None)
    return passes(status, lead_test.get("status", {}), "text", model, now) and _points_pass(
        points, lead_test.get("points", {}), model, now
    )


def _points_pass(points: float | None, operators: dict[str, Any], model: ContactModel, now: int) -> bool:
    """Compares points and scores with the digits that outputs show."""
    written = {name: [float(one) for one in x] if isinstance(x, list) else float(x) for name, x in operators.items()}
    return passes(None if points is None else float(points), written, "number", model, now)


def _current_lead_holds(condition: PlainCondition, lead: ModelLead, model: ContactModel, now: int) -> bool:
    if "points" in condition:
        return _points_pass(lead.points, condition["points"], model, now)
    if "lead_status" in condition:
        return passes(lead.status, condition["lead_status"], "text", model, now)
    ages = condition["lead_age"]
    return number_holds(now - lead.created, {name: _operand_to_ms(operand) for name, operand in ages.items()})


def _operand_to_ms(operand: Any) -> Any:
    return [to_ms(text) for text in operand] if isinstance(operand, list) else to_ms(operand)


def _activity_time_holds(subject: str, operators: dict[str, Any], model: ContactModel, now: int) -> bool:
    instants = [e.at for e in model.activities if e.at <= now and (e.is_visit or subject == "last_activity")]
    if not instants:
        return False
    instant = min(instants) if subject == "first_visit" else max(instants)
    zone = zone_for(operators, model)
    tests = {name: operand for name, operand in operators.items() if name != "in_zone"}
    return all(date_holds(name, operand, instant, now, zone) for name, operand in tests.items())

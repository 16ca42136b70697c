"""Validates a campaign: audience, period, rules and their actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.definitions import AutomationRule, Campaign, ScoringRule
from schemas.values import duration_ms, is_day
from streams.engine.validation.conditions import PLACEHOLDER_CONDITION, condition_problems
from streams.engine.validation.context import ConditionUse, ValidationContext
from streams.engine.validation.problem import DocumentPath, Problem
from streams.engine.validation.schema import schema_problems
from streams.hints import suggestion

_RULES: tuple[tuple[ConditionUse, type[ScoringRule | AutomationRule]], ...] = (
    ("scoring", ScoringRule),
    ("automation", AutomationRule),
)

_ACTIONS_VERSION = 4
"""The engine version from which a rule whose actions cannot both be meant, or are all null, is refused."""


def campaign_problems(raw: object, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    """Returns the faults of a campaign: in its schema, then in each of its parts."""
    if not isinstance(raw, Mapping):
        return schema_problems(Campaign, raw, path)
    frame = {key: [] if key in ("scoring", "automation") and isinstance(raw[key], list) else raw[key] for key in raw}
    problems = schema_problems(Campaign, frame, path)
    problems += _audience_problems(raw, context, path)
    problems += _period_problems(raw.get("period"), (*path, "period"))
    if _is_zero_duration(raw.get("half_life")):
        problems.append(Problem((*path, "half_life"), "must be longer than nothing; without half_life points stay"))
    problems += _bounds_problems(raw.get("points_between"), (*path, "points_between"))
    for key, model in _RULES:
        for number, rule in enumerate(_rules_of(raw, key)):
            problems += _rule_problems(rule, model, key, context, (*path, key, number))
            if key == "automation":
                problems += _action_problems(rule, raw.get("id"), context, (*path, key, number, "then"))
    return problems + _repeated_rule_problems(raw, path)


def _is_zero_duration(duration: object) -> bool:
    try:
        return isinstance(duration, str) and duration_ms(duration) == 0
    except ValueError:  # not a duration; the schema reports it
        return False


def _rules_of(raw: Mapping[str, Any], kind: str) -> list[Any]:
    rules = raw.get(kind)
    return rules if isinstance(rules, list) else []


def _audience_problems(raw: Mapping[str, Any], context: ValidationContext, path: DocumentPath) -> list[Problem]:
    audience = raw.get("audience")
    if not isinstance(audience, list):
        return []
    problems = []
    for number, name in enumerate(audience):
        fault = context.segment_fault(name) if isinstance(name, str) else None
        if fault:
            problems.append(Problem((*path, "audience", number), fault))
    return problems


def _period_problems(period: object, path: DocumentPath) -> list[Problem]:
    if not isinstance(period, Mapping):
        return []
    start, end = period.get("from"), period.get("to")
    if isinstance(start, str) and isinstance(end, str) and is_day(start) and is_day(end) and start >= end:
        return [Problem(path, f"from ({start}) must be before to ({end}), which is exclusive")]
    return []


def _bounds_problems(bounds: object, path: DocumentPath) -> list[Problem]:
    if not isinstance(bounds, list) or len(bounds) != 2 or not all(_is_number(bound) for bound in bounds):
        return []  # the schema reports it
    least, most = bounds
    if least > most:
        return [Problem(path, f"the least points come first: [{most}, {least}]")]
    if not least <= 0 <= most:
        return [Problem(path, f"0 must lie within [{least}, {most}], because a lead starts from 0 points")]
    return []


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rule_problems(
    raw: object,
    model: type[ScoringRule | AutomationRule],
    use: ConditionUse,
    context: ValidationContext,
    path: DocumentPath,
) -> list[Problem]:
    if not isinstance(raw, Mapping):
        return schema_problems(model, raw, path)
    frame = {**raw, "when": PLACEHOLDER_CONDITION} if "when" in raw else raw
    problems = schema_problems(model, frame, path)
    if "when" in raw:
        problems += condition_problems(raw["when"], context, use, (*path, "when"))
    cap = raw.get("at_most")
    if isinstance(cap, Mapping) and _is_zero_duration(cap.get("per")):
        problems.append(Problem((*path, "at_most", "per"), "must be longer than nothing, as in per: 1d"))
    return problems


def _action_problems(rule: object, campaign: object, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    then = rule.get("then") if isinstance(rule, Mapping) else None
    if not isinstance(then, Mapping):
        return []  # the schema reports it
    says_nothing = all(value is None for value in then.values())
    if not then or (says_nothing and context.engine_version >= _ACTIONS_VERSION):
        return [Problem(path, "a rule does something: set_status, add_points, add_to_segment, ...")]
    problems = _reference_problems(then, context, path)
    if context.engine_version >= _ACTIONS_VERSION:
        problems += _opposed_action_problems(then, campaign, path)
    return problems


def _reference_problems(then: Mapping[str, Any], context: ValidationContext, path: DocumentPath) -> list[Problem]:
    """Returns a problem for each segment and campaign that cannot be acted on."""
    problems = []
    for key in ("add_to_segment", "remove_from_segment"):
        if isinstance(then.get(key), str):
            fault = _listing_fault(then[key], key, context)
            problems += [Problem((*path, key), fault)] if fault else []
    for key in ("add_to_campaign", "remove_from_campaign"):
        if isinstance(then.get(key), str):
            fault = context.campaign_fault(then[key])
            problems += [Problem((*path, key), fault)] if fault else []
    return problems


def _opposed_action_problems(then: Mapping[str, Any], campaign: object, path: DocumentPath) -> list[Problem]:
    """Returns the actions that cannot be meant beside another of the same rule: one of them would do nothing."""
    stated = {key for key in then if then[key] is not None}
    problems = []
    if {"set_points", "add_points"} <= stated:
        message = "set_points says how many points the lead has, so add_points beside it adds nothing: leave one out"
        problems.append(Problem((*path, "set_points"), message))
    if "set_status" in stated and isinstance(campaign, str) and then.get("remove_from_campaign") == campaign:
        message = (
            f"set_status beside the removal from {campaign}, which is the lead's own campaign: the removal deletes"
            " the lead; leave one out"
        )
        problems.append(Problem((*path, "set_status"), message))
    added = then.get("add_to_segment")
    if isinstance(added, str) and then.get("remove_from_segment") == added:
        message = f"the rule adds to {added} and removes from it: leave one out"
        problems.append(Problem((*path, "remove_from_segment"), message))
    return problems


def _listing_fault(name: str, action: str, context: ValidationContext) -> str | None:
    if name not in context.segments:
        static = [segment for segment, is_dynamic in context.segments.items() if not is_dynamic]
        return f"no segment is called {name}{suggestion(name, static)}"
    if context.segments[name]:
        return f"{name} is dynamic: its condition alone decides; {action} takes a static segment"
    return None


def _repeated_rule_problems(raw: Mapping[str, Any], path: DocumentPath) -> list[Problem]:
    """Rule ids are unique among all rules of a campaign, because they name stored state and causes of outputs."""
    names: set[str] = set()
    problems = []
    for key, _ in _RULES:
        for number, rule in enumerate(_rules_of(raw, key)):
            name = rule.get("id") if isinstance(rule, Mapping) else None
            if isinstance(name, str) and name in names:
                message = f"there is another rule called {name} in this campaign"
                problems.append(Problem((*path, key, number, "id"), message))
            if isinstance(name, str):
                names.add(name)
    return problems

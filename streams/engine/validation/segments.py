"""Validates a segment."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.definitions import Segment
from streams.engine.validation.conditions import PLACEHOLDER_CONDITION, condition_problems
from streams.engine.validation.context import ValidationContext
from streams.engine.validation.problem import DocumentPath, Problem
from streams.engine.validation.schema import schema_problems


def segment_problems(raw: object, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    """Returns the faults of a segment: its schema, static or dynamic, its statuses, the plan, its condition."""
    if not isinstance(raw, Mapping):
        return schema_problems(Segment, raw, path)
    when = raw.get("when")
    frame = {**raw, "when": PLACEHOLDER_CONDITION} if when is not None else raw
    problems = _status_problems(raw, path) or schema_problems(Segment, frame, path)
    problems += _kind_problems(raw, context, path)
    if when is not None:
        problems += condition_problems(when, context, "segment", (*path, "when"))
    return problems


def _status_problems(raw: Mapping[str, object], path: DocumentPath) -> list[Problem]:
    statuses = raw.get("statuses")
    if isinstance(statuses, list) and "deleted" in statuses:
        return [Problem((*path, "statuses"), "a deleted contact is in no segment; leave deleted out")]
    if statuses == []:
        message = "a segment of no status holds nobody; name some of active, inactive, bounced, or leave statuses out"
        return [Problem((*path, "statuses"), message)]
    return []


def _kind_problems(raw: Mapping[str, object], context: ValidationContext, path: DocumentPath) -> list[Problem]:
    dynamic = raw.get("dynamic") is True
    has_condition = raw.get("when") is not None
    if has_condition and not dynamic:
        message = "a segment is static unless it says otherwise: add dynamic: true, or leave when out"
        return [Problem((*path, "when"), message)]
    if dynamic and not has_condition:
        return [Problem((*path, "dynamic"), "a dynamic segment needs its condition: when is missing")]
    if dynamic and context.plan == "basic":
        message = "dynamic segments need the plan premium or enterprise; this account's is basic"
        return [Problem((*path, "dynamic"), message, "plan")]
    return []

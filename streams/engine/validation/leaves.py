"""Validates a leaf whose schema is valid: types, references, plan, windows, and where it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from schemas.conditions import (
    ActivityLeaf,
    CreatedLeaf,
    DefinitionModel,
    FirstVisitLeaf,
    InactiveLeaf,
    LastActivityLeaf,
    LastVisitLeaf,
    LeadAgeLeaf,
    LeadLeaf,
    LeadStatusLeaf,
    Operators,
    PointsLeaf,
    PropertyLeaf,
    ScoreLeaf,
    SegmentLeaf,
    SequenceLeaf,
    StatusLeaf,
    TagsLeaf,
    VisitLeaf,
    Window,
    subject_of,
)
from schemas.definitions import ContactStatus, LeadStatus, PropertyType
from streams.engine.validation.aggregates import aggregate_problems
from streams.engine.validation.context import ConditionUse, ValidationContext
from streams.engine.validation.contradictions import existence_problems
from streams.engine.validation.dates import date_fault
from streams.engine.validation.event_fields import field_problems
from streams.engine.validation.modifiers import unused_zone_problems, upper_case_problems
from streams.engine.validation.operators import (
    activity_time_problems,
    age_problems,
    choice_problems,
    count_problems,
    number_problems,
    operator_problems,
    operators_by_name,
    score_problems,
)
from streams.engine.validation.problem import DocumentPath, Problem
from streams.engine.validation.ranges import duration_problems, window_range_problems


def leaf_problems(
    leaf: DefinitionModel, context: ValidationContext, use: ConditionUse, path: DocumentPath
) -> list[Problem]:
    """Returns the faults of a leaf at `path`."""
    checks: Mapping[type[DefinitionModel], Callable[[Any, ValidationContext, DocumentPath], list[Problem]]] = {
        PropertyLeaf: _property_problems,
        StatusLeaf: _status_problems,
        TagsLeaf: _tags_problems,
        ScoreLeaf: _score_problems,
        CreatedLeaf: _created_problems,
        VisitLeaf: _visit_problems,
        ActivityLeaf: _activity_problems,
        SequenceLeaf: _sequence_problems,
        LastVisitLeaf: _last_visit_problems,
        FirstVisitLeaf: _first_visit_problems,
        LastActivityLeaf: _last_activity_problems,
        InactiveLeaf: _inactive_problems,
        SegmentLeaf: _segment_problems,
        LeadLeaf: _lead_problems,
        PointsLeaf: _points_problems,
        LeadStatusLeaf: _lead_status_problems,
        LeadAgeLeaf: _lead_age_problems,
    }
    check = checks.get(type(leaf))
    problems = check(leaf, context, path) if check else []
    if isinstance(leaf, PointsLeaf | LeadStatusLeaf | LeadAgeLeaf) and use != "automation":
        subject = subject_of(leaf)
        hint = "; `lead: {campaign: ..., ...}` speaks of a lead anywhere" if subject != "lead_age" else ""
        problems.append(Problem(path, f"{subject} speaks of the lead at hand: only in automation rules{hint}"))
    return problems


def _property_problems(leaf: PropertyLeaf, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    keys = leaf.property if isinstance(leaf.property, tuple) else (leaf.property,)
    here = (*path, "property")
    if not keys or not all(keys):
        return [Problem(here, "the name of a property is needed")]
    problems: list[Problem] = []
    top = keys[0]
    if context.plan != "enterprise" and context.is_custom(top):
        message = (
            f"conditions on custom properties ({top}) need the plan enterprise; this account's is {context.plan}"
        )
        problems.append(Problem(here, message, "plan"))
    declared: PropertyType | None = context.property_types.get(top)
    if len(keys) > 1:
        if declared not in (None, "object"):
            problems.append(Problem(here, f"{top} is declared as {declared}; only an object has keys inside"))
        declared = None
    problems += operator_problems(leaf, ".".join(keys), declared, path, context.engine_version)
    if keys == ("email_domain",):
        problems = problems or upper_case_problems(leaf, operators_by_name(leaf), top, path)
    return problems or duration_problems({"held_for": leaf.held_for}, path)


def _status_problems(leaf: StatusLeaf, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    here = (*path, "status")
    problems = operator_problems(leaf.status, "status", "text", here, context.engine_version)
    problems = problems or existence_problems(operators_by_name(leaf.status), here, "a contact")
    return problems or choice_problems(leaf.status, get_args(ContactStatus), here)


def _tags_problems(leaf: TagsLeaf, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    problems = operator_problems(leaf.tags, "tags", "list", (*path, "tags"), context.engine_version)
    return problems or duration_problems({"held_for": leaf.held_for}, path)


def _score_problems(leaf: ScoreLeaf, _: ValidationContext, path: DocumentPath) -> list[Problem]:
    return score_problems(leaf.score, (*path, "score"))


def _created_problems(leaf: CreatedLeaf, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    here = (*path, "created")
    operands = operators_by_name(leaf.created)
    problems = [
        Problem((*here, name), "a contact always has an instant at which it began; write before, after or the like")
        for name in ("exists", "empty")
        if name in operands
    ]
    if "within_next" in operands:
        problems.append(Problem((*here, "within_next"), "no contact begins in the future; write within_last"))
    return problems or operator_problems(leaf.created, "created", "datetime", here, context.engine_version)


def _visit_problems(leaf: VisitLeaf, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    return _filter_problems(leaf.visit, context, (*path, "visit")) + _window_problems(leaf, context, path)


def _activity_problems(leaf: ActivityLeaf, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    return _filter_problems(leaf.activity, context, (*path, "activity")) + _window_problems(leaf, context, path)


def _filter_problems(
    fields: Mapping[str, Operators], context: ValidationContext, path: DocumentPath
) -> list[Problem]:
    problems: list[Problem] = []
    for name, operators in fields.items():
        here = (*path, name)
        problems += field_problems(operators, name, context.engine_version, here)
        problems += upper_case_problems(operators, operators_by_name(operators), name, here) if name == "host" else []
    return problems


def _window_problems(leaf: Window, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    problems = aggregate_problems(leaf, path)
    if leaf.never and leaf.count is not None:
        problems.append(Problem((*path, "never"), "never: true is count: {eq: 0}; leave one of the two out"))
    if leaf.count is not None:
        problems += count_problems(leaf.count, (*path, "count"))
    for name in ("first", "last"):
        fields = getattr(leaf, name)
        if fields is not None and (leaf.count is not None or leaf.never):
            problems.append(Problem((*path, name), f"{name} speaks of one event: it cannot stand beside a count"))
        if isinstance(fields, Mapping):
            problems += _filter_problems(fields, context, (*path, name))
    if leaf.between_ago is not None and leaf.between_ago[0] <= leaf.between_ago[1]:
        message = "between_ago: the longer time comes first, as in [30d, 7d]"
        problems.append(Problem((*path, "between_ago"), message))
    for name in ("since", "until"):
        value = getattr(leaf, name)
        fault = date_fault(value) if value is not None else None
        if fault:
            problems.append(Problem((*path, name), fault))
    problems += unused_zone_problems(leaf, ("since", "until"), path) + duration_problems(
        {"within": leaf.within}, path
    )
    return problems or window_range_problems(leaf.since, leaf.until, path)


def _sequence_problems(leaf: SequenceLeaf, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    problems = duration_problems({"within": leaf.within}, path)
    for number, step in enumerate(leaf.sequence):
        here = (*path, "sequence", number)
        for subject in ("visit", "activity"):
            problems += _filter_problems(getattr(step, subject) or {}, context, (*here, subject))
        if (step.visit is None) == (step.activity is None):
            problems.append(Problem(here, "a step is one of visit and activity, as in {visit: {path: {eq: /}}}"))
    return problems


def _last_visit_problems(leaf: LastVisitLeaf, _: ValidationContext, path: DocumentPath) -> list[Problem]:
    return activity_time_problems(leaf.last_visit, (*path, "last_visit"))


def _first_visit_problems(leaf: FirstVisitLeaf, _: ValidationContext, path: DocumentPath) -> list[Problem]:
    return activity_time_problems(leaf.first_visit, (*path, "first_visit"))


def _last_activity_problems(leaf: LastActivityLeaf, _: ValidationContext, path: DocumentPath) -> list[Problem]:
    return activity_time_problems(leaf.last_activity, (*path, "last_activity"))


def _inactive_problems(leaf: InactiveLeaf, _: ValidationContext, path: DocumentPath) -> list[Problem]:
    if leaf.inactive_for:
        return []
    message = "everybody has been inactive for no time at all; write how long, as in inactive_for: 30d"
    return [Problem((*path, "inactive_for"), message)]


def _segment_problems(leaf: SegmentLeaf, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    fault = context.segment_fault(leaf.segment)
    return [Problem((*path, "segment"), fault)] if fault else []


def _lead_problems(leaf: LeadLeaf, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    here = (*path, "lead")
    test = leaf.lead
    fault = context.campaign_fault(test.campaign)
    problems = [Problem((*here, "campaign"), fault)] if fault else []
    if test.status is not None:
        problems += _lead_statuses_problems(test.status, context, (*here, "status"))
    if test.points is not None:
        problems += number_problems(test.points, (*here, "points"))
    return problems


def _lead_statuses_problems(operators: Operators, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    problems = operator_problems(operators, "status", "text", path, context.engine_version)
    return problems or choice_problems(operators, get_args(LeadStatus), path)


def _points_problems(leaf: PointsLeaf, _: ValidationContext, path: DocumentPath) -> list[Problem]:
    return number_problems(leaf.points, (*path, "points"))


def _lead_status_problems(leaf: LeadStatusLeaf, context: ValidationContext, path: DocumentPath) -> list[Problem]:
    here = (*path, "lead_status")
    return _lead_statuses_problems(leaf.lead_status, context, here) or existence_problems(
        operators_by_name(leaf.lead_status), here, "a lead at hand"
    )


def _lead_age_problems(leaf: LeadAgeLeaf, _: ValidationContext, path: DocumentPath) -> list[Problem]:
    return age_problems(leaf.lead_age, (*path, "lead_age"))

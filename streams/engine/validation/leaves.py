"""Whether a well-shaped leaf makes sense where it stands: types, references, plan, windows, what is served."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from schemas import conditions as c
from schemas.definitions import ContactStatus, LeadStatus, PropertyType
from streams.engine.validation.context import Context, Room
from streams.engine.validation.contradictions import existence
from streams.engine.validation.dates import date_fault
from streams.engine.validation.modifiers import capitals, zone_of_no_date
from streams.engine.validation.operators import (
    age_problems,
    choice_problems,
    count_problems,
    given,
    moment_problems,
    number_problems,
    operator_problems,
)
from streams.engine.validation.problem import Path, Problem
from streams.engine.validation.ranges import lengths, window_range

TEXT_FIELDS = frozenset({"url", "path", "host", "title", "referrer", "campaign", "name"})
"""Fields of an event that are always text; so is `query.x`. All others are its properties, typed by their value."""


def leaf_problems(leaf: c.Model, context: Context, room: Room, path: Path) -> list[Problem]:
    """What is wrong with a leaf at `path`."""
    checks: Mapping[type[c.Model], Callable[[Any, Context, Path], list[Problem]]] = {
        c.PropertyLeaf: _property,
        c.StatusLeaf: _status,
        c.TagsLeaf: _tags,
        c.ScoreLeaf: _score,
        c.VisitLeaf: _visit,
        c.ActivityLeaf: _activity,
        c.SequenceLeaf: _sequence,
        c.LastVisitLeaf: _last_visit,
        c.FirstVisitLeaf: _first_visit,
        c.LastActivityLeaf: _last_activity,
        c.InactiveLeaf: _inactive,
        c.SegmentLeaf: _segment,
        c.LeadLeaf: _lead,
        c.PointsLeaf: _points,
        c.LeadStatusLeaf: _lead_status,
        c.LeadAgeLeaf: _lead_age,
    }
    own = checks.get(type(leaf))
    problems = own(leaf, context, path) if own else []
    if isinstance(leaf, c.PointsLeaf | c.LeadStatusLeaf | c.LeadAgeLeaf) and room != "automation":
        subject = c.subject_of(leaf)
        hint = "; `lead: {campaign: ..., ...}` speaks of a lead anywhere" if subject != "lead_age" else ""
        problems.append(Problem(path, f"{subject} speaks of the lead at hand: only in automation rules{hint}"))
    return problems


def _property(leaf: c.PropertyLeaf, context: Context, path: Path) -> list[Problem]:
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
    declared: PropertyType | None = context.declared.get(top)
    if len(keys) > 1:
        if declared not in (None, "object"):
            problems.append(Problem(here, f"{top} is declared as {declared}; only an object has keys inside"))
        declared = None
    problems += operator_problems(leaf, ".".join(keys), declared, path)
    if keys == ("email_domain",):
        problems = problems or capitals(leaf, given(leaf), top, path)
    return problems or lengths({"held_for": leaf.held_for}, path)


def _status(leaf: c.StatusLeaf, _: Context, path: Path) -> list[Problem]:
    here = (*path, "status")
    problems = operator_problems(leaf.status, "status", "text", here)
    problems = problems or existence(given(leaf.status), here, "a contact")
    return problems or choice_problems(leaf.status, get_args(ContactStatus), here)


def _tags(leaf: c.TagsLeaf, _: Context, path: Path) -> list[Problem]:
    problems = operator_problems(leaf.tags, "tags", "list", (*path, "tags"))
    return problems or lengths({"held_for": leaf.held_for}, path)


def _score(leaf: c.ScoreLeaf, _: Context, path: Path) -> list[Problem]:
    return number_problems(leaf.score, (*path, "score"))


def _visit(leaf: c.VisitLeaf, _: Context, path: Path) -> list[Problem]:
    return _filter(leaf.visit, (*path, "visit")) + _window(leaf, path)


def _activity(leaf: c.ActivityLeaf, _: Context, path: Path) -> list[Problem]:
    return _filter(leaf.activity, (*path, "activity")) + _window(leaf, path)


def _filter(fields: Mapping[str, c.Operators], path: Path) -> list[Problem]:
    problems: list[Problem] = []
    for name, operators in fields.items():
        is_text = name in TEXT_FIELDS or name.startswith("query.")
        here = (*path, name)
        problems += operator_problems(operators, name, "text" if is_text else None, here)
        problems += capitals(operators, given(operators), name, here) if name == "host" else []
    return problems


def _window(leaf: c.Window, path: Path) -> list[Problem]:
    problems: list[Problem] = []
    if leaf.never and leaf.count is not None:
        problems.append(Problem((*path, "never"), "never: true is count: {eq: 0}; leave one of the two out"))
    if leaf.count is not None:
        problems += count_problems(leaf.count, (*path, "count"))
    for name in ("first", "last"):
        wanted = getattr(leaf, name)
        if wanted is not None and (leaf.count is not None or leaf.never):
            problems.append(Problem((*path, name), f"{name} speaks of one event: it cannot stand beside a count"))
        if isinstance(wanted, Mapping):
            problems += _filter(wanted, (*path, name))
    if leaf.between_ago is not None and leaf.between_ago[0] <= leaf.between_ago[1]:
        message = "between_ago: the longer time comes first, as in [30d, 7d]"
        problems.append(Problem((*path, "between_ago"), message))
    for name in ("since", "until"):
        value = getattr(leaf, name)
        fault = date_fault(value) if value is not None else None
        if fault:
            problems.append(Problem((*path, name), fault))
    problems += zone_of_no_date(leaf, ("since", "until"), path) + lengths({"within": leaf.within}, path)
    return problems or window_range(leaf.since, leaf.until, path)


def _sequence(leaf: c.SequenceLeaf, _: Context, path: Path) -> list[Problem]:
    problems = lengths({"within": leaf.within}, path)
    for number, step in enumerate(leaf.sequence):
        here = (*path, "sequence", number)
        for subject in ("visit", "activity"):
            problems += _filter(getattr(step, subject) or {}, (*here, subject))
        if (step.visit is None) == (step.activity is None):
            problems.append(Problem(here, "a step is one of visit and activity, as in {visit: {path: {eq: /}}}"))
    return problems


def _last_visit(leaf: c.LastVisitLeaf, _: Context, path: Path) -> list[Problem]:
    return moment_problems(leaf.last_visit, (*path, "last_visit"))


def _first_visit(leaf: c.FirstVisitLeaf, _: Context, path: Path) -> list[Problem]:
    return moment_problems(leaf.first_visit, (*path, "first_visit"))


def _last_activity(leaf: c.LastActivityLeaf, _: Context, path: Path) -> list[Problem]:
    return moment_problems(leaf.last_activity, (*path, "last_activity"))


def _inactive(leaf: c.InactiveLeaf, _: Context, path: Path) -> list[Problem]:
    if leaf.inactive_for:
        return []
    message = "everybody has been inactive for no time at all; write how long, as in inactive_for: 30d"
    return [Problem((*path, "inactive_for"), message)]


def _segment(leaf: c.SegmentLeaf, context: Context, path: Path) -> list[Problem]:
    fault = context.segment_fault(leaf.segment)
    return [Problem((*path, "segment"), fault)] if fault else []


def _lead(leaf: c.LeadLeaf, context: Context, path: Path) -> list[Problem]:
    here = (*path, "lead")
    test = leaf.lead
    fault = context.campaign_fault(test.campaign)
    problems = [Problem((*here, "campaign"), fault)] if fault else []
    if test.status is not None:
        problems += _lead_statuses(test.status, (*here, "status"))
    if test.points is not None:
        problems += number_problems(test.points, (*here, "points"))
    return problems


def _lead_statuses(operators: c.Operators, path: Path) -> list[Problem]:
    problems = operator_problems(operators, "status", "text", path)
    return problems or choice_problems(operators, get_args(LeadStatus), path)


def _points(leaf: c.PointsLeaf, _: Context, path: Path) -> list[Problem]:
    return number_problems(leaf.points, (*path, "points"))


def _lead_status(leaf: c.LeadStatusLeaf, _: Context, path: Path) -> list[Problem]:
    here = (*path, "lead_status")
    return _lead_statuses(leaf.lead_status, here) or existence(given(leaf.lead_status), here, "a lead at hand")


def _lead_age(leaf: c.LeadAgeLeaf, _: Context, path: Path) -> list[Problem]:
    return age_problems(leaf.lead_age, (*path, "lead_age"))

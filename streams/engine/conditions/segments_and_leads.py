"""Compiles the leaves on what the engine decided: memberships, scores and leads.

Scores and points are whole millionths. Without a lead, status and points are missing; a missing score is 0.
"""

from __future__ import annotations

from schemas.conditions import (
    DurationOperators,
    LeadAgeLeaf,
    LeadLeaf,
    LeadStatusLeaf,
    NumberOperators,
    PointsLeaf,
    ScoreLeaf,
    SegmentLeaf,
)
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.numbers import has_number_operator, number_test
from streams.engine.conditions.own_score import OWN_SCORE_KEY, OwnScoreCounter
from streams.engine.conditions.predicates import Predicate
from streams.engine.conditions.properties import lead_status_test
from streams.engine.conditions.protocols import EvaluationContext, Node
from streams.engine.conditions.tree import AllNode
from streams.engine.state.contact import Contact


class SegmentNode:
    """Member of another segment; that segment's own condition knows when this changes."""

    __slots__ = ("_segment",)

    def __init__(self, segment: str) -> None:
        self._segment = segment

    def holds(self, context: EvaluationContext) -> bool:
        return self._segment in context.contact.members

    def due(self, context: EvaluationContext) -> int | None:  # noqa: ARG002 - shared signature
        return None


class ScoreNode:
    """The contact's own score, or a named one."""

    __slots__ = ("_name", "_test")

    def __init__(self, name: str | None, test: Predicate) -> None:
        self._name = name
        self._test = test

    def holds(self, context: EvaluationContext) -> bool:
        contact = context.contact
        return self._test(contact.score if self._name is None else contact.scores.get(self._name, 0))

    def test_score(self, millionths: int) -> bool:
        """Whether it holds of a contact with this score."""
        return self._test(millionths)

    def due(self, context: EvaluationContext) -> int | None:  # noqa: ARG002
        return None


class ScoreExistsNode:
    """The contact's own score, or a named one, was ever adjusted, or never."""

    __slots__ = ("_exists", "_name")

    def __init__(self, name: str | None, *, exists: bool) -> None:
        self._name = name
        self._exists = exists

    def holds(self, context: EvaluationContext) -> bool:
        return is_scored(context.contact, self._name) is self._exists

    def due(self, context: EvaluationContext) -> int | None:  # noqa: ARG002
        return None


def is_scored(contact: Contact, name: str | None) -> bool:
    """Whether the own score (None) or the named one was ever adjusted, as a contact's row with such a leaf has it."""
    if name is not None:
        return name in contact.scores
    return contact.score != 0 or bool(contact.counts.get(OWN_SCORE_KEY))


class LeadNode:
    """The contact's lead in a campaign; a deleted lead counts only for a test of the status."""

    __slots__ = ("_campaign", "_points", "_status")

    def __init__(self, campaign: str, status: Predicate | None, points: Predicate | None) -> None:
        self._campaign = campaign
        self._status = status
        self._points = points

    def holds(self, context: EvaluationContext) -> bool:
        lead = context.contact.leads.get(self._campaign)
        if self._status is None and lead is not None and lead.status == "deleted":
            lead = None
        if self._status is None and self._points is None:
            return lead is not None
        if self._status is not None and not self._status(None if lead is None else lead.status):
            return False
        return self._points is None or self._points(None if lead is None else lead.points)

    def due(self, context: EvaluationContext) -> int | None:  # noqa: ARG002
        return None


class LeadPointsNode:
    """The points of the lead whose rule is evaluated."""

    __slots__ = ("_test",)

    def __init__(self, test: Predicate) -> None:
        self._test = test

    def holds(self, context: EvaluationContext) -> bool:
        return self._test(None if context.lead is None else context.points)

    def due(self, context: EvaluationContext) -> int | None:  # noqa: ARG002
        return None


class LeadStatusNode:
    """The status of the lead whose rule is evaluated."""

    __slots__ = ("_test",)

    def __init__(self, test: Predicate) -> None:
        self._test = test

    def holds(self, context: EvaluationContext) -> bool:
        return self._test(None if context.lead is None else context.lead.status)

    def due(self, context: EvaluationContext) -> int | None:  # noqa: ARG002
        return None


class LeadAgeNode:
    """How long the lead whose rule is evaluated has existed: from `least` to `most` ms, both included."""

    __slots__ = ("_least", "_most")

    def __init__(self, least: int | None, most: int | None) -> None:
        self._least = least
        self._most = most

    def holds(self, context: EvaluationContext) -> bool:
        if context.lead is None:
            return False
        age = context.now - context.lead.created
        return (self._least is None or age >= self._least) and (self._most is None or age <= self._most)

    def due(self, context: EvaluationContext) -> int | None:
        if context.lead is None:
            return None
        created, now = context.lead.created, context.now
        changes = [] if self._least is None else [created + self._least]
        if self._most is not None:
            changes.append(created + self._most + 1)
        return min((change for change in changes if change > now), default=None)


def compile_segment(leaf: SegmentLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf on membership of another segment."""
    context.segments.add(leaf.segment)
    return SegmentNode(leaf.segment)


def compile_score(leaf: ScoreLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf on a score. Raises ConditionRefused when it has no operator."""
    name, exists = leaf.score.name, leaf.score.exists
    nodes: list[Node] = []
    if exists is not None:
        nodes.append(ScoreExistsNode(name, exists=exists))
        if name is None:
            context.counters.setdefault(OWN_SCORE_KEY, OwnScoreCounter())
    if exists is None or has_number_operator(leaf.score):
        nodes.append(ScoreNode(leaf.score.name, _number_test(leaf.score, "score")))
    return nodes[0] if len(nodes) == 1 else AllNode(tuple(nodes))


def compile_lead(leaf: LeadLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf on the lead in a campaign. Raises ConditionRefused."""
    test = leaf.lead
    context.campaigns.add(test.campaign)
    try:
        status = (
            None if test.status is None else lead_status_test(test.status, "status", context.scope.engine_version)
        )
        points = None if test.points is None else _number_test(test.points, "points")
    except ConditionRefused as refusal:
        raise refusal.with_prefix("lead") from None
    return LeadNode(test.campaign, status, points)


def compile_points(leaf: PointsLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf on the points of the lead whose rule is evaluated. Raises ConditionRefused."""
    context.uses_lead = True
    return LeadPointsNode(_number_test(leaf.points, "points"))


def compile_lead_status(leaf: LeadStatusLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf on the status of the lead whose rule is evaluated. Raises ConditionRefused."""
    context.uses_lead = True
    return LeadStatusNode(lead_status_test(leaf.lead_status, "lead_status", context.scope.engine_version))


def compile_lead_age(leaf: LeadAgeLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf on the age of the lead whose rule is evaluated. Raises ConditionRefused."""
    context.uses_lead = True
    return LeadAgeNode(*_age_range(leaf.lead_age))


def _number_test(operators: NumberOperators, subject: str) -> Predicate:
    try:
        return number_test(operators)
    except ConditionRefused as refusal:
        raise refusal.with_prefix(subject) from None


def _age_range(operators: DurationOperators) -> tuple[int | None, int | None]:
    least: list[int] = []
    most: list[int] = []
    if operators.gt is not None:
        least.append(operators.gt + 1)
    if operators.gte is not None:
        least.append(operators.gte)
    if operators.lt is not None:
        most.append(operators.lt - 1)
    if operators.lte is not None:
        most.append(operators.lte)
    if operators.between is not None:
        least.append(operators.between[0])
        most.append(operators.between[1])
    if not least and not most:
        raise ConditionRefused("an operator is missing; write gt, gte, lt, lte or between", ("lead_age",))
    return max(least, default=None), min(most, default=None)

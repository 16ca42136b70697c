"""Compiles leaves on one moment of a contact's past: `last_visit`, `first_visit`, `last_activity`, `inactive_for`."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from schemas.conditions import FirstVisitLeaf, InactiveLeaf, LastActivityLeaf, LastVisitLeaf, MomentOperators
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.dates.date_tests import DateTest, date_test
from streams.engine.conditions.dates.zones import ZoneRule
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import EvaluationContext, Node
from streams.engine.conditions.tree import due_of_all
from streams.engine.state.contact import Contact

ActivityTimeReader = Callable[[Contact], int | None]

_OPERATORS = ("before", "after", "within_last", "older_than")


class ActivityTimeNode:
    """Tests of one moment (ms); none of them holds when it never came."""

    __slots__ = ("_read", "_tests", "_zone_rule")

    def __init__(self, read: ActivityTimeReader, tests: tuple[DateTest, ...], zone_rule: ZoneRule) -> None:
        self._read = read
        self._tests = tests
        self._zone_rule = zone_rule

    def holds(self, context: EvaluationContext) -> bool:
        moment = self._read(context.contact)
        if moment is None:
            return False
        zone = self._zone_rule.zone_for(context.contact)
        return all(test.holds(moment, context.now, zone) for test in self._tests)

    def due(self, context: EvaluationContext) -> int | None:
        moment = self._read(context.contact)
        if moment is None:
            return None
        now, zone = context.now, self._zone_rule.zone_for(context.contact)
        return due_of_all((test.holds(moment, now, zone), test.due(moment, now, zone)) for test in self._tests)


class InactiveNode:
    """No visit or activity for `length` ms, counted from the contact's creation when there was none."""

    __slots__ = ("_length",)

    def __init__(self, length: int) -> None:
        self._length = length

    def holds(self, context: EvaluationContext) -> bool:
        return context.now >= self._inactive_from(context.contact)

    def due(self, context: EvaluationContext) -> int | None:
        inactive_from = self._inactive_from(context.contact)
        return inactive_from if inactive_from > context.now else None

    def _inactive_from(self, contact: Contact) -> int:
        last = contact.last_activity
        return (contact.created if last is None else last) + self._length


def compile_last_visit(leaf: LastVisitLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf on the latest web visit. Raises ConditionRefused."""
    return _compile("last_visit", leaf.last_visit, context)


def compile_first_visit(leaf: FirstVisitLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf on the earliest web visit. Raises ConditionRefused."""
    return _compile("first_visit", leaf.first_visit, context)


def compile_last_activity(leaf: LastActivityLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf on the latest visit or activity. Raises ConditionRefused."""
    return _compile("last_activity", leaf.last_activity, context)


def compile_inactive(leaf: InactiveLeaf, context: CompilerContext) -> Node:  # noqa: ARG001 - shared signature
    """Compiles a leaf on the time without any visit or activity."""
    return InactiveNode(leaf.inactive_for)


def _compile(subject: str, operators: MomentOperators, context: CompilerContext) -> Node:
    tests: list[DateTest] = []
    for name in _OPERATORS:
        operand = getattr(operators, name)
        if operand is None:
            continue
        try:
            tests.append(date_test(name, operand))
        except ConditionRefused as refusal:
            raise refusal.with_prefix(subject, name) from None
    if not tests:
        raise ConditionRefused(f"an operator is missing; write {', '.join(_OPERATORS)}", (subject,))
    return ActivityTimeNode(attrgetter(subject), tuple(tests), context.zone_rule(operators.in_zone))

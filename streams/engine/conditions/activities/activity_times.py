"""Leaves on a single moment of a contact's past: `last_visit`, `first_visit`, `last_activity`, `inactive_for`."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from schemas.conditions import FirstVisitLeaf, InactiveLeaf, LastActivityLeaf, LastVisitLeaf, MomentOperators
from streams.engine.conditions.compiler_context import Context
from streams.engine.conditions.dates.date_tests import DateTest, date_test
from streams.engine.conditions.dates.zones import ZoneRule
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import Node, Scene
from streams.engine.conditions.tree import due_of_all
from streams.engine.state.contact import Contact

Moment = Callable[[Contact], int | None]

_OPERATORS = ("before", "after", "within_last", "older_than")


class MomentLeaf:
    """Tests of one moment; where it never came none of them holds."""

    __slots__ = ("_moment", "_tests", "_zone")

    def __init__(self, moment: Moment, tests: tuple[DateTest, ...], zone: ZoneRule) -> None:
        self._moment = moment
        self._tests = tests
        self._zone = zone

    def holds(self, scene: Scene) -> bool:
        moment = self._moment(scene.contact)
        if moment is None:
            return False
        zone = self._zone.of(scene.contact)
        return all(test.holds(moment, scene.now, zone) for test in self._tests)

    def due(self, scene: Scene) -> int | None:
        moment = self._moment(scene.contact)
        if moment is None:
            return None
        now, zone = scene.now, self._zone.of(scene.contact)
        return due_of_all((test.holds(moment, now, zone), test.due(moment, now, zone)) for test in self._tests)


class InactiveFor:
    """No visit or activity for so long (ms), from the creation on where there was none."""

    __slots__ = ("_length",)

    def __init__(self, length: int) -> None:
        self._length = length

    def holds(self, scene: Scene) -> bool:
        return scene.now >= self._turns(scene.contact)

    def due(self, scene: Scene) -> int | None:
        turns = self._turns(scene.contact)
        return turns if turns > scene.now else None

    def _turns(self, contact: Contact) -> int:
        last = contact.last_activity
        return (contact.created if last is None else last) + self._length


def compile_last_visit(leaf: LastVisitLeaf, context: Context) -> Node:
    """The latest web visit."""
    return _compile("last_visit", leaf.last_visit, context)


def compile_first_visit(leaf: FirstVisitLeaf, context: Context) -> Node:
    """The earliest web visit."""
    return _compile("first_visit", leaf.first_visit, context)


def compile_last_activity(leaf: LastActivityLeaf, context: Context) -> Node:
    """The latest visit or activity."""
    return _compile("last_activity", leaf.last_activity, context)


def compile_inactive(leaf: InactiveLeaf, context: Context) -> Node:  # noqa: ARG001 - leaves share a shape
    """Silence."""
    return InactiveFor(leaf.inactive_for)


def _compile(subject: str, operators: MomentOperators, context: Context) -> Node:
    tests: list[DateTest] = []
    for name in _OPERATORS:
        operand = getattr(operators, name)
        if operand is None:
            continue
        try:
            tests.append(date_test(name, operand))
        except ConditionRefused as refusal:
            raise refusal.within(subject, name) from None
    if not tests:
        raise ConditionRefused(f"an operator is missing; write {', '.join(_OPERATORS)}", (subject,))
    return MomentLeaf(attrgetter(subject), tuple(tests), context.zone_rule(operators.in_zone))

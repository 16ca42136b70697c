"""Leaves on what a contact is: a property, its tags, its status."""

from __future__ import annotations

from typing import Any, get_args

from schemas.conditions import Operators, PropertyLeaf, StatusLeaf, TagsLeaf
from schemas.definitions import ContactStatus, LeadStatus, PropertyType
from streams.engine.conditions.activities.subjects import leaf_key, written
from streams.engine.conditions.compiler_context import Context
from streams.engine.conditions.dates.zones import ZoneRule, Zones
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.held_for import HeldLeaf, Truth
from streams.engine.conditions.numbers import joined
from streams.engine.conditions.operand_types import fits, given
from streams.engine.conditions.operators import Tests, compile_operators, contact_zone_in
from streams.engine.conditions.protocols import Node, Scene
from streams.engine.conditions.scalars import Predicate
from streams.engine.state.contact import Contact

_TESTED_LOOSELY: frozenset[PropertyType] = frozenset({"date", "datetime", "list", "object"})
"""Types whose operators also take values that do not fit; those of the others take only what fits."""


class Top:
    """Reads a property; null is missing."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, contact: Contact) -> Any:
        return contact.properties.get(self._name)


class Nested:
    """Reads a value inside nested objects; missing where one of the keys leads nowhere."""

    __slots__ = ("_keys",)

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = keys

    def __call__(self, contact: Contact) -> Any:
        value: Any = contact.properties
        for key in self._keys:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value


class Status:
    """Reads the contact's status."""

    __slots__ = ()

    def __call__(self, contact: Contact) -> Any:
        return contact.status


class Fitting:
    """Reads a value of a declared type; one of another type, from before it was declared, is missing."""

    __slots__ = ("_kind", "_read")

    def __init__(self, read: Top | Nested | Status, kind: PropertyType) -> None:
        self._read = read
        self._kind = kind

    def __call__(self, contact: Contact) -> Any:
        value = self._read(contact)
        return value if fits(value, self._kind) else None


Reader = Top | Nested | Status | Fitting


class PlainLeaf:
    """One test of one value; time does not touch it."""

    __slots__ = ("_read", "_test")

    def __init__(self, read: Reader, test: Predicate) -> None:
        self._read = read
        self._test = test

    def holds(self, scene: Scene) -> bool:
        return self._test(self._read(scene.contact))

    def due(self, scene: Scene) -> int | None:  # noqa: ARG002 - every node is asked
        return None


class TimedLeaf:
    """Any tests of one value, dates among them."""

    __slots__ = ("_of_account", "_read", "_rule", "_tests")

    def __init__(self, read: Reader, tests: Tests, rule: ZoneRule) -> None:
        self._read = read
        self._tests = tests
        self._rule = rule
        self._of_account = Zones(rule.account, rule.account)

    def holds(self, scene: Scene) -> bool:
        contact = scene.contact
        return self._tests.holds(self._read(contact), scene.now, self._zones(contact))

    def due(self, scene: Scene) -> int | None:
        contact = scene.contact
        return self._tests.due(self._read(contact), scene.now, self._zones(contact))

    def _zones(self, contact: Contact) -> Zones:
        return Zones(self._rule.account, self._rule.of(contact)) if self._rule.of_contact else self._of_account


def compile_property(leaf: PropertyLeaf, context: Context) -> Node:
    """A property leaf. Raises ConditionRefused for an operator or operand that its declared type does not take."""
    keys = (leaf.property,) if isinstance(leaf.property, str) else leaf.property
    if not keys:
        raise ConditionRefused("a property has a name", ("property",))
    kind = context.type_of(keys[0])
    if len(keys) > 1:
        if kind not in (None, "object"):
            raise ConditionRefused(f"{keys[0]} is of type {kind} and has no keys inside", ("property",))
        kind = None
    context.properties.add(keys[0])
    if keys[0] == "email_domain":
        context.properties.add("email")  # a patch of the email changes what is derived from it
    plain = _leaf(Top(keys[0]) if len(keys) == 1 else Nested(keys), leaf, kind, context)
    return _held(plain, leaf, kind, context)


def _held(plain: Node, leaf: PropertyLeaf | TagsLeaf, kind: PropertyType | None, context: Context) -> Node:
    """The leaf as it is, or held for as long as it says."""
    if leaf.held_for is None:
        return plain
    zone = str(context.zone) if isinstance(plain, TimedLeaf) else None
    identity = leaf.model_copy(update={"held_for": None})
    key = leaf_key("held", written(identity), kind, zone)
    truth = context.held.setdefault(key, Truth(key, plain))
    return HeldLeaf(truth, leaf.held_for)


def compile_tags(leaf: TagsLeaf, context: Context) -> Node:
    """The contact's tags, a list."""
    context.properties.add("tags")
    plain = _within("tags", Top("tags"), leaf.tags, "list", context)
    return _held(plain, leaf, "list", context)


def compile_status(leaf: StatusLeaf, context: Context) -> Node:
    """The contact's status, a text out of four."""
    refuse_unknown_statuses(leaf.status, get_args(ContactStatus), "status")
    return _within("status", Status(), leaf.status, "text", context)


def refuse_unknown_statuses(operators: Operators, statuses: tuple[str, ...], subject: str) -> None:
    """A status that can never be is a slip of the pen. Raises ConditionRefused."""
    for name, operand in given(operators).items():
        if name not in ("eq", "ne", "in", "not_in"):
            continue
        for one in operand if isinstance(operand, tuple) else (operand,):
            if not isinstance(one, str) or one.casefold() not in statuses:
                raise ConditionRefused(f"{one!r} is no status; there are {', '.join(statuses)}", (subject, name))


def lead_status_test(operators: Operators, subject: str) -> Predicate:
    """The test of a lead's status (None: there is no lead). Raises ConditionRefused."""
    refuse_unknown_statuses(operators, get_args(LeadStatus), subject)
    try:
        return joined(compile_operators(operators, "text").plain)
    except ConditionRefused as refusal:
        raise refusal.within(subject) from None


def _within(
    subject: str, read: Top | Nested | Status, operators: Operators, kind: PropertyType, context: Context
) -> Node:
    try:
        return _leaf(read, operators, kind, context)
    except ConditionRefused as refusal:
        raise refusal.within(subject) from None


def _leaf(read: Top | Nested | Status, operators: Operators, kind: PropertyType | None, context: Context) -> Node:
    tests = compile_operators(operators, kind)
    rule = context.zone_rule("account" if contact_zone_in(operators) is None else "contact")
    reader = Fitting(read, kind) if kind is not None and kind in _TESTED_LOOSELY else read
    if tests.timed:
        return TimedLeaf(reader, tests, rule)
    return PlainLeaf(reader, joined(tests.plain))

"""Compiles the leaves on a contact's properties, tags and status."""

from __future__ import annotations

from typing import Any, get_args

from schemas.conditions import CreatedLeaf, Operators, PropertyLeaf, StatusLeaf, TagsLeaf
from schemas.definitions import ContactStatus, LeadStatus, PropertyType
from schemas.engine_versions import NEWEST_VERSION, OLDEST_VERSION, EngineVersion
from schemas.values import instant_text
from streams.engine.conditions.compiler_context import CompilerContext
from streams.engine.conditions.dates.zones import ZoneRule, Zones
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.held_for import HeldForNode, PropertyHeldState
from streams.engine.conditions.leaf_keys import held_key
from streams.engine.conditions.operand_types import require_operators, type_test
from streams.engine.conditions.operators import compile_operators, contact_zone_path, may_decide_otherwise
from streams.engine.conditions.predicates import Predicate, all_of
from streams.engine.conditions.protocols import EvaluationContext, Node
from streams.engine.conditions.value_tests import ValueTests
from streams.engine.state.contact import Contact

_LOOSE_TYPES: frozenset[PropertyType] = frozenset({"date", "datetime", "list", "object"})
"""Types whose operators would also accept values of another type; those values have to be filtered out first."""


class TopLevelReader:
    """Reads a top-level property; null counts as missing."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, contact: Contact) -> Any:
        return contact.properties.get(self._name)


class NestedReader:
    """Reads a value inside nested objects; it is missing when one of the keys is."""

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


class StatusReader:
    """Reads the contact's status."""

    __slots__ = ()

    def __call__(self, contact: Contact) -> Any:
        return contact.status


class CreatedReader:
    """Reads when the contact began, as a property of type datetime has an instant."""

    __slots__ = ()

    def __call__(self, contact: Contact) -> Any:
        return instant_text(contact.created)


class TypedReader:
    """Reads a value of a declared type; a value of another type, set before the declaration, counts as missing."""

    __slots__ = ("_fits", "_read")

    def __init__(self, read: PlainReader, fits: Predicate) -> None:
        self._read = read
        self._fits = fits

    def __call__(self, contact: Contact) -> Any:
        return self.typed(self._read(contact))

    def typed(self, value: Any) -> Any:
        """The value itself where it is of the type, else None."""
        return value if self._fits(value) else None


PlainReader = TopLevelReader | NestedReader | StatusReader | CreatedReader
PropertyReader = PlainReader | TypedReader


class PlainNode:
    """One test of one value; time alone never changes it."""

    __slots__ = ("_read", "_test")

    def __init__(self, read: PropertyReader, test: Predicate) -> None:
        self._read = read
        self._test = test

    def holds(self, context: EvaluationContext) -> bool:
        return self._test(self._read(context.contact))

    def due(self, context: EvaluationContext) -> int | None:  # noqa: ARG002 - shared signature
        return None

    @property
    def value_test(self) -> Predicate:
        """The test of the status or the top-level property as the contact has it (None: it is missing)."""
        read, test = self._read, self._test
        return (lambda value: test(read.typed(value))) if isinstance(read, TypedReader) else test


class TimedNode:
    """Tests of one value, at least one of which time alone may change."""

    __slots__ = ("_account_zones", "_read", "_tests", "_zone_rule")

    def __init__(self, read: PropertyReader, tests: ValueTests, zone_rule: ZoneRule) -> None:
        self._read = read
        self._tests = tests
        self._zone_rule = zone_rule
        self._account_zones = Zones(zone_rule.account_zone, zone_rule.account_zone)

    def holds(self, context: EvaluationContext) -> bool:
        contact = context.contact
        return self._tests.holds(self._read(contact), context.now, self._zones(contact))

    def due(self, context: EvaluationContext) -> int | None:
        contact = context.contact
        return self._tests.due(self._read(contact), context.now, self._zones(contact))

    def _zones(self, contact: Contact) -> Zones:
        return (
            Zones(self._zone_rule.account_zone, self._zone_rule.zone_for(contact))
            if self._zone_rule.uses_contact_zone
            else self._account_zones
        )


def compile_property(leaf: PropertyLeaf, context: CompilerContext) -> Node:
    """Compiles a property leaf. Raises ConditionRefused when an operator or operand does not fit its type."""
    keys = (leaf.property,) if isinstance(leaf.property, str) else leaf.property
    if not keys:
        raise ConditionRefused("a property has a name", ("property",))
    property_type = context.property_type(keys[0])
    if len(keys) > 1:
        if property_type not in (None, "object"):
            raise ConditionRefused(f"{keys[0]} is of type {property_type} and has no keys inside", ("property",))
        property_type = None
    context.properties.add(keys[0])
    if keys[0] == "email_domain":
        context.properties.add("email")  # a patch of the email also changes its domain
    node = _compile_leaf(
        TopLevelReader(keys[0]) if len(keys) == 1 else NestedReader(keys), leaf, property_type, context
    )
    return _with_held_for(node, leaf, property_type, context)


def _with_held_for(
    node: Node, leaf: PropertyLeaf | TagsLeaf, property_type: PropertyType | None, context: CompilerContext
) -> Node:
    """Returns the leaf's node, wrapped into `held_for` where the leaf has it."""
    if leaf.held_for is None:
        return node
    zone = str(context.zone) if isinstance(node, TimedNode) else None
    identity = leaf.model_copy(update={"held_for": None})
    operators = leaf if isinstance(leaf, PropertyLeaf) else leaf.tags
    differs = may_decide_otherwise(operators, property_type)
    key = held_key(identity, property_type, zone, context.scope.engine_version if differs else OLDEST_VERSION)
    held_state = context.held_states.setdefault(key, PropertyHeldState(key, node, _properties_of(operators)))
    return HeldForNode(held_state, leaf.held_for)


def _properties_of(leaf: Operators) -> frozenset[str]:
    """The top-level properties that a leaf on a property (else: on the tags) reads."""
    names = {"tags"}
    if isinstance(leaf, PropertyLeaf):
        names = {leaf.property if isinstance(leaf.property, str) else leaf.property[0]}
    if contact_zone_path(leaf) is not None:
        names.add("time_zone")
    return frozenset(names)


def compile_tags(leaf: TagsLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf on the contact's tags, a list."""
    context.properties.add("tags")
    node = _compile_subject("tags", TopLevelReader("tags"), leaf.tags, "list", context)
    return _with_held_for(node, leaf, "list", context)


def compile_status(leaf: StatusLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf on the contact's status, one of four texts."""
    refuse_unknown_statuses(leaf.status, get_args(ContactStatus), "status")
    return _compile_subject("status", StatusReader(), leaf.status, "text", context)


def compile_created(leaf: CreatedLeaf, context: CompilerContext) -> Node:
    """Compiles a leaf on the instant at which the contact began."""
    return _compile_subject("created", CreatedReader(), leaf.created, "datetime", context)


def refuse_unknown_statuses(operators: Operators, statuses: tuple[str, ...], subject: str) -> None:
    """Raises ConditionRefused when an operand is not one of `statuses`: such a test is a typing error."""
    for name, operand in require_operators(operators).items():
        if name not in ("eq", "ne", "in", "not_in"):
            continue
        for one in operand if isinstance(operand, tuple) else (operand,):
            if not isinstance(one, str) or one.casefold() not in statuses:
                raise ConditionRefused(f"{one!r} is no status; there are {', '.join(statuses)}", (subject, name))


def lead_status_test(operators: Operators, subject: str, version: EngineVersion = NEWEST_VERSION) -> Predicate:
    """Returns the test of a lead's status (None: there is no lead). Raises ConditionRefused."""
    refuse_unknown_statuses(operators, get_args(LeadStatus), subject)
    try:
        return all_of(compile_operators(operators, "text", version).plain)
    except ConditionRefused as refusal:
        raise refusal.with_prefix(subject) from None


def _compile_subject(
    subject: str,
    read: PlainReader,
    operators: Operators,
    property_type: PropertyType,
    context: CompilerContext,
) -> Node:
    try:
        return _compile_leaf(read, operators, property_type, context)
    except ConditionRefused as refusal:
        raise refusal.with_prefix(subject) from None


def _compile_leaf(
    read: PlainReader,
    operators: Operators,
    property_type: PropertyType | None,
    context: CompilerContext,
) -> Node:
    version = context.scope.engine_version
    tests = compile_operators(operators, property_type, version)
    rule = context.zone_rule("account" if contact_zone_path(operators) is None else "contact")
    reader: PropertyReader = read
    if property_type is not None and property_type in _LOOSE_TYPES:
        reader = TypedReader(read, type_test(property_type, version))
    if tests.timed:
        return TimedNode(reader, tests, rule)
    return PlainNode(reader, all_of(tests.plain))

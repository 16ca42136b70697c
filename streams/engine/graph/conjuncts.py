"""Splits a condition into conjuncts, all of which must hold, and finds those that test one value only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from schemas.conditions import (
    AllOf,
    AnyOf,
    Condition,
    NotOf,
    Operators,
    PropertyLeaf,
    ScoreLeaf,
    StatusLeaf,
    TagsLeaf,
)
from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from streams.engine.conditions.predicates import Predicate, negate
from streams.engine.conditions.properties import PlainNode
from streams.engine.conditions.protocols import Node
from streams.engine.conditions.segments_and_leads import ScoreNode
from streams.engine.graph.subjects import Subject, property_subject, score_subject, status_subject
from streams.engine.graph.value_classes import ValueOperators
from streams.engine.graph.value_lookups import Lookup, find_lookup

_LeafCompiler = Callable[[Condition], Node]


@dataclass(frozen=True, slots=True)
class TestScope:
    """What is needed to find the tests of a release: its leaves as nodes, its property types, its engine version."""

    compile_leaf: _LeafCompiler
    property_types: Mapping[str, PropertyType]
    version: EngineVersion


@dataclass(frozen=True, slots=True)
class ValueTest:
    """A condition on one value of the contact that time never changes."""

    subject: Subject
    test: Predicate
    """Takes the value that `subject` reads; None where it is missing."""
    operators: tuple[ValueOperators, ...]
    """The operators of every leaf: values that all of them treat alike have the same truth."""
    lookup: Lookup | None = None
    """What decides as `test` does, or as its negation does."""
    is_negated: bool = False


def split_conjuncts(condition: Condition) -> Iterator[Condition]:
    """The conditions whose conjunction it is, in the order they are written; none for `{all: []}`."""
    if isinstance(condition, AllOf):
        for part in condition.all:
            yield from split_conjuncts(part)
    elif isinstance(condition, NotOf) and isinstance(condition.not_, AnyOf):
        for part in condition.not_.any:
            yield from split_conjuncts(NotOf(not_=part))
    elif isinstance(condition, NotOf) and isinstance(condition.not_, NotOf):
        yield from split_conjuncts(condition.not_.not_)
    else:
        yield condition


def find_value_test(condition: Condition, scope: TestScope) -> ValueTest | None:
    """The test of one value that the condition is; None where it reads more than that, or time may change it."""
    if isinstance(condition, NotOf):
        inner = find_value_test(condition.not_, scope)
        if inner is None:
            return None
        return ValueTest(inner.subject, negate(inner.test), inner.operators, inner.lookup, not inner.is_negated)
    if isinstance(condition, AllOf | AnyOf):
        return _combined_test(condition, scope)
    return _leaf_test(condition, scope)


def _combined_test(condition: AllOf | AnyOf, scope: TestScope) -> ValueTest | None:
    children: list[ValueTest] = []
    for part in condition.all if isinstance(condition, AllOf) else condition.any:
        child = find_value_test(part, scope)
        if child is None or (children and child.subject != children[0].subject):
            return None
        children.append(child)
    if not children:
        return None
    tests = tuple(child.test for child in children)
    combine = all if isinstance(condition, AllOf) else any
    operators = tuple(one for child in children for one in child.operators)
    return ValueTest(children[0].subject, lambda value: combine(test(value) for test in tests), operators)


def _leaf_test(leaf: Condition, scope: TestScope) -> ValueTest | None:
    if isinstance(leaf, PropertyLeaf) and isinstance(leaf.property, str) and leaf.held_for is None:
        return _plain_test(
            property_subject(leaf.property), leaf, leaf, scope.property_types.get(leaf.property), scope
        )
    if isinstance(leaf, TagsLeaf) and leaf.held_for is None:
        return _plain_test(property_subject("tags"), leaf, leaf.tags, "list", scope)
    if isinstance(leaf, StatusLeaf):
        return _plain_test(status_subject(), leaf, leaf.status, "text", scope)
    if isinstance(leaf, ScoreLeaf) and leaf.score.exists is None:
        node = scope.compile_leaf(leaf)
        if isinstance(node, ScoreNode):
            return ValueTest(score_subject(leaf.score.name), node.test_score, (ValueOperators(leaf.score, "score"),))
    return None


def _plain_test(
    subject: Subject, leaf: Condition, operators: Operators, property_type: PropertyType | None, scope: TestScope
) -> ValueTest | None:
    node = scope.compile_leaf(leaf)
    if not isinstance(node, PlainNode):
        return None
    lookup = find_lookup(operators, property_type, scope.version)
    return ValueTest(subject, node.value_test, (ValueOperators(operators, property_type),), lookup)

"""Splits a condition into conjuncts, all of which must hold, and finds those that test one value only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from streams.engine.conditions.predicates import Predicate, negate
from streams.engine.conditions.properties import PlainNode
from streams.engine.conditions.protocols import Node
from streams.engine.conditions.segments_and_leads import ScoreNode
from streams.engine.graph.subjects import Subject, property_subject, score_subject, status_subject
from streams.engine.graph.value_classes import ValueOperators

LeafCompiler = Callable[[Condition], Node]
PropertyTypeLookup = Callable[[str], PropertyType | None]


@dataclass(frozen=True, slots=True)
class ValueTest:
    """A condition on one value of the contact that time never changes."""

    subject: Subject
    test: Predicate
    """Takes the value that `subject` reads; None where it is missing."""
    operators: tuple[ValueOperators, ...]
    """The operators of every leaf: values that all of them treat alike have the same truth."""


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


def find_value_test(
    condition: Condition, compile_leaf: LeafCompiler, property_type: PropertyTypeLookup
) -> ValueTest | None:
    """The test of one value that the condition is; None where it reads more than that, or time may change it."""
    if isinstance(condition, NotOf):
        inner = find_value_test(condition.not_, compile_leaf, property_type)
        return None if inner is None else ValueTest(inner.subject, negate(inner.test), inner.operators)
    if isinstance(condition, AllOf | AnyOf):
        return _combined_test(condition, compile_leaf, property_type)
    return _leaf_test(condition, compile_leaf, property_type)


def _combined_test(
    condition: AllOf | AnyOf, compile_leaf: LeafCompiler, property_type: PropertyTypeLookup
) -> ValueTest | None:
    children: list[ValueTest] = []
    for part in condition.all if isinstance(condition, AllOf) else condition.any:
        child = find_value_test(part, compile_leaf, property_type)
        if child is None or (children and child.subject != children[0].subject):
            return None
        children.append(child)
    if not children:
        return None
    tests = tuple(child.test for child in children)
    combine = all if isinstance(condition, AllOf) else any
    operators = tuple(one for child in children for one in child.operators)
    return ValueTest(children[0].subject, lambda value: combine(test(value) for test in tests), operators)


def _leaf_test(leaf: Condition, compile_leaf: LeafCompiler, property_type: PropertyTypeLookup) -> ValueTest | None:
    if isinstance(leaf, PropertyLeaf) and isinstance(leaf.property, str) and leaf.held_for is None:
        kind = property_type(leaf.property)
        return _plain_test(property_subject(leaf.property), leaf, kind, compile_leaf(leaf))
    if isinstance(leaf, TagsLeaf) and leaf.held_for is None:
        return _plain_test(property_subject("tags"), leaf.tags, "list", compile_leaf(leaf))
    if isinstance(leaf, StatusLeaf):
        return _plain_test(status_subject(), leaf.status, "text", compile_leaf(leaf))
    if isinstance(leaf, ScoreLeaf) and leaf.score.exists is None:
        node = compile_leaf(leaf)
        if isinstance(node, ScoreNode):
            return ValueTest(score_subject(leaf.score.name), node.test_score, (ValueOperators(leaf.score, "score"),))
    return None


def _plain_test(
    subject: Subject, operators: Operators, property_type: PropertyType | None, node: Node
) -> ValueTest | None:
    if not isinstance(node, PlainNode):
        return None
    return ValueTest(subject, node.test_value, (ValueOperators(operators, property_type),))

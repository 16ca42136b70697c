"""The masks of values say of every segment what its condition says of the value, whichever value came first."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from schemas.conditions import Condition
from schemas.definitions import PropertyType
from schemas.engine_versions import EngineVersion
from schemas.values import MILLION
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.conditions.protocols import CompileScope
from streams.engine.graph.contact_truths import ContactTruths
from streams.engine.graph.held_timers import HeldIndex
from streams.engine.graph.inputs import ChangeSet
from streams.engine.graph.segment_graph import GraphSegment, SegmentGraph
from streams.engine.state.contact import Contact
from tests.harness.engine.conditions import contact, evaluation_context
from tests.harness.random.random_documents import DocumentStrategy, dict_of, merge
from tests.harness.random.random_operators import operators, texts, values

_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)
STATUSES = ("active", "inactive", "bounced", "deleted")

types: st.SearchStrategy[PropertyType | None] = st.sampled_from(
    [None, None, None, "text", "text", "number", "boolean", "date", "datetime", "list", "object"]
)
versions: st.SearchStrategy[EngineVersion] = st.sampled_from([3, 4])
allowed_statuses = st.sets(st.sampled_from(STATUSES), min_size=1)


def combined(leaves: DocumentStrategy) -> DocumentStrategy:
    """Draws trees of such leaves, mostly bare or negated ones."""
    negated = st.builds(lambda leaf: {"not": leaf}, leaves)
    several = st.lists(st.one_of(leaves, negated), max_size=3)
    trees = st.one_of(
        dict_of(all=several), dict_of(any=several), st.builds(lambda part: {"not": {"any": part}}, several)
    )
    return st.one_of(leaves, leaves, negated, trees, st.builds(lambda tree: {"not": tree}, trees))


property_conditions = combined(merge(dict_of(property="x"), operators))
tag_conditions = combined(dict_of(tags=operators))
points = st.sampled_from([-1, 0, 0.1, 0.3, 1, 1.000001, 2.5, 10**9])
scores = st.one_of(
    *(dict_of(**{name: points}) for name in ("eq", "ne", "gt", "gte", "lt", "lte")),
    *(dict_of(**{name: st.lists(points, min_size=1, max_size=2)}) for name in ("in", "not_in")),
    dict_of(between=st.tuples(points, points).map(sorted)),
    dict_of(exists=st.booleans()),
)
score_conditions = combined(dict_of(score=st.one_of(scores, merge(scores, dict_of(name="fit")))))
status_tests = st.one_of(
    dict_of(eq=st.sampled_from(("Active", *STATUSES))),
    dict_of(not_in=st.lists(st.sampled_from(STATUSES), min_size=1)),
    dict_of(starts_with=texts),
    dict_of(contains=st.sampled_from(["active", "E"]), case_sensitive=st.booleans()),
)
state_conditions = st.one_of(score_conditions, combined(dict_of(status=status_tests)))
several_values = st.lists(values, min_size=4, max_size=10)
millionths = st.sampled_from([-MILLION, 0, 100_000, 300_000, MILLION, MILLION + 1, 2_500_000, 10**15, 10**22])


@st.composite
def states(draw: st.DrawFn) -> Contact:
    """Draws a contact's status and scores."""
    named = draw(st.sampled_from([{}, {"fit": 0}, {"fit": 300_000}, {"fit": 10**15}]))
    return contact(status=draw(st.sampled_from(STATUSES)), score=draw(millionths), scores=dict(named))


def segments_of(
    conditions: list[dict[str, Any]], scope: CompileScope, statuses: list[set[str]]
) -> list[GraphSegment]:
    """The segments with those of the conditions that fit."""
    segments: list[GraphSegment] = []
    for number, written in enumerate(conditions):
        condition = _CONDITION.validate_python(written)
        try:
            compile_condition(condition, scope)
        except ConditionRefused:
            continue
        allowed = frozenset(statuses[number % len(statuses)])
        segments.append(GraphSegment(f"s{number}", allowed, False, condition))
    return segments


def assert_masks(segments: list[GraphSegment], scope: CompileScope, contacts: list[Contact]) -> None:
    """Compares the graph, whose masks stay from one contact to the next, with the conditions themselves."""
    graph = SegmentGraph(
        segments, lambda condition: compile_condition(condition, scope), scope.property_types, scope.engine_version
    )
    nodes = [
        compile_condition(segment.condition, scope).node for segment in segments if segment.condition is not None
    ]
    for state in contacts:
        context = evaluation_context(state)
        truths = ContactTruths(graph, HeldIndex(), state)
        truths.apply(ChangeSet(), context)
        for index, segment in enumerate(segments):
            expected = state.status in segment.statuses and nodes[index].holds(context)
            assert truths.holds(index, context) == expected, (segment, state)


@settings(max_examples=2_000, deadline=None)
@given(
    st.lists(property_conditions, min_size=2, max_size=8), types, versions, st.lists(values, min_size=4, max_size=10)
)
def test_the_mask_of_a_property_is_what_its_conditions_say(
    conditions: list[dict[str, Any]], kind: PropertyType | None, version: EngineVersion, own: list[Any]
) -> None:
    scope = CompileScope("Europe/Berlin", {} if kind is None else {"x": kind}, version)
    contacts = [contact(properties={} if value is None else {"x": value}) for value in own]
    assert_masks(segments_of(conditions, scope, [{"active"}]), scope, contacts)


@settings(max_examples=300, deadline=None)
@given(st.lists(tag_conditions, min_size=2, max_size=6), versions, several_values)
def test_the_mask_of_tags_is_what_their_conditions_say(
    conditions: list[dict[str, Any]], version: EngineVersion, own: list[Any]
) -> None:
    scope = CompileScope("UTC", {"tags": "list"}, version)
    contacts = [contact(properties={"tags": value}) for value in own if value is not None]
    assert_masks(segments_of(conditions, scope, [{"active"}]), scope, contacts)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(state_conditions, min_size=2, max_size=6),
    st.lists(allowed_statuses, min_size=2, max_size=3),
    versions,
    st.lists(states(), min_size=4, max_size=8),
)
def test_the_masks_of_status_and_scores_are_what_their_conditions_say(
    conditions: list[dict[str, Any]], statuses: list[set[str]], version: EngineVersion, contacts: list[Contact]
) -> None:
    scope = CompileScope("UTC", {}, version)
    assert_masks(segments_of(conditions, scope, statuses), scope, contacts)

"""The graph of a release: equal conjuncts once, tests of values in masks, and what each conjunct depends on."""

from __future__ import annotations

from typing import Any

from streams.engine.graph.segment_graph import EMPTY_GRAPH, SegmentGraph
from tests.harness.engine.conditions import contact, evaluation_context
from tests.harness.engine.segment_graphs import CountedGraph, segment

GERMAN = {"property": "country", "eq": "DE"}
VISITED = {"visit": {}, "count": {"gte": 1}}
RECENT = {"visit": {}, "within": "7d"}


def subjects_of(graph: SegmentGraph) -> list[str]:
    return [subject.name or subject.kind for subject, _ in graph.subjects]


def test_equal_conjuncts_of_several_segments_are_one() -> None:
    graph = CountedGraph(
        segment("a", {"all": [VISITED, GERMAN]}),
        segment("b", VISITED),
        segment("c", {"not": {"any": [{"not": VISITED}, {"not": RECENT}]}}),
        segment("d", {"not": VISITED}),
    ).graph
    assert [conjunct.segments for conjunct in graph.conjuncts] == [0b0111, 0b0100, 0b1000]
    assert graph.conjuncts_of == ((0,), (0,), (0, 1), (2,))


def test_a_conjunct_written_twice_in_a_segment_is_needed_once() -> None:
    graph = CountedGraph(segment("a", {"all": [VISITED, VISITED, GERMAN, GERMAN]})).graph
    assert graph.conjuncts_of == ((0,),)


def test_conjuncts_on_one_value_are_in_its_masks_and_not_among_the_others() -> None:
    graph = CountedGraph(
        segment("a", {"all": [GERMAN, {"score": {"gte": 1}}, {"score": {"name": "fit", "gte": 1}}]}),
        segment("b", {"property": "due", "within_next": "7d"}),
    ).graph
    assert subjects_of(graph) == ["status", "country", "own_score", "fit"]
    assert {name: index for name, (index, _) in graph.property_masks.items()} == {"country": 1}
    assert graph.score_subjects == (2, 3)
    assert graph.conjuncts_of == ((), (0,))


def test_conjuncts_that_time_changes_come_last() -> None:
    graph = CountedGraph(segment("a", {"all": [RECENT, VISITED, {"property": "due", "eq": "now/d"}, GERMAN]})).graph
    assert [graph.conjuncts[place].inputs.is_time_dependent for place in graph.conjuncts_of[0]] == [False, True, True]


def test_each_conjunct_is_found_by_everything_that_it_depends_on() -> None:
    conditions: list[dict[str, Any]] = [
        VISITED,
        {"property": ["home", "city"], "eq": "Bonn"},
        {"segment": "s0"},
        {"lead": {"campaign": "c"}},
        {"last_visit": {"older_than": "7d"}},
        {"score": {"exists": True}},
        {"any": [GERMAN, {"tags": {"contains": "x"}}]},
    ]
    listed = segment("listed", None)
    graph = CountedGraph(*(segment(f"s{place}", one) for place, one in enumerate(conditions)), listed).graph
    assert graph.by_property == {"home": (1,), "country": (6,), "tags": (6,)}
    assert sorted(graph.by_counter.values()) == [(0,), (5,)]
    assert graph.by_segment == {"s0": (2,)}
    assert graph.by_lead == (3,)
    assert graph.by_activity_time == (4,)
    assert graph.by_score == (5,)
    assert graph.by_static_segment == {"listed": (7,)}


def test_statuses_are_a_mask_too() -> None:
    anybody = frozenset({"active", "bounced"})
    graph = CountedGraph(segment("a", GERMAN), segment("b", GERMAN, statuses=anybody), segment("c", None)).graph
    (status, masks), _ = graph.subjects
    assert status.kind == "status"
    assert [masks.mask(value) for value in ("active", "bounced", "deleted")] == [0b111, 0b010, 0]


def test_a_static_segment_needs_that_it_lists_the_contact() -> None:
    graph = CountedGraph(segment("vip", None), segment("other", None)).graph
    listed = evaluation_context(contact(listed=["vip"]))
    assert [conjunct.node.holds(listed) for conjunct in graph.conjuncts] == [True, False]
    assert graph.conjuncts[0].node.due(listed) is None


def test_a_paused_segment_is_in_no_mask_of_values() -> None:
    graph = CountedGraph(segment("a", GERMAN), segment("b", GERMAN, paused=True)).graph
    assert (graph.running, graph.paused) == (0b01, 0b10)
    assert [masks.mask("DE") for subject, masks in graph.subjects if subject.name == "country"] == [0b01]


def test_equal_tests_of_a_value_are_one_whichever_segment_has_them() -> None:
    graph = CountedGraph(segment("a", GERMAN), segment("b", {"all": [GERMAN, VISITED]})).graph
    masks = next(masks for subject, masks in graph.subjects if subject.name == "country")
    assert [masks.mask("de"), masks.mask("FR"), masks.mask(None)] == [0b11, 0, 0]


def test_a_number_and_a_text_that_look_alike_are_different_conjuncts() -> None:
    one, text, true = ({"property": "plan", "eq": operand} for operand in (1, "1", True))
    graph = CountedGraph(segment("a", one), segment("b", text), segment("c", true), version=3).graph
    masks = next(masks for subject, masks in graph.subjects if subject.name == "plan")
    assert [masks.mask(value) for value in (1, "1", True)] == [0b001, 0b010, 0b100]


def test_a_release_without_segments_has_a_graph_without_conjuncts() -> None:
    assert (EMPTY_GRAPH.running, EMPTY_GRAPH.subjects, EMPTY_GRAPH.conjuncts) == (0, (), ())

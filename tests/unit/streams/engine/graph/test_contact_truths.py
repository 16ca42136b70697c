"""What is known of one contact's conditions: asked where it decides, asked again where it may have changed."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.graph.inputs import ChangeSet
from tests.harness.engine.conditions import NOW, contact, evaluation_context
from tests.harness.engine.engine_driver import DAY, HOUR
from tests.harness.engine.segment_graphs import CountedGraph, segment, settle_once

GERMAN = {"property": "country", "eq": "DE"}
DORMANT = {"last_visit": {"older_than": "1d"}}
SOON = {"property": "due", "within_next": "1d"}
IN_BONN = {"property": ["home", "city"], "eq": "Bonn"}
IN_KOELN = {"property": ["home", "city"], "eq": "Köln"}


def everything_asked(graph: CountedGraph) -> int:
    return sum(graph.asked.values())


def test_a_new_contact_is_looked_at_whole() -> None:
    graph = CountedGraph(segment("german", GERMAN), segment("bonn", IN_BONN), segment("vip", None))
    ada = contact(properties={"country": "DE", "home": {"city": "Bonn"}}, listed=["vip"])
    assert settle_once(graph.truths(ada), evaluation_context(ada)) == ["german", "bonn", "vip"]


def test_nothing_is_asked_again_when_nothing_changed() -> None:
    graph = CountedGraph(segment("bonn", IN_BONN), segment("dormant", DORMANT))
    ada = contact(properties={"home": {"city": "Bonn"}}, last_visit=NOW - HOUR)
    truths = graph.truths(ada)
    settle_once(truths, evaluation_context(ada))
    asked = everything_asked(graph)
    assert settle_once(truths, evaluation_context(ada, NOW + 1), ChangeSet(properties={"plan"}, scores=True)) == []
    assert everything_asked(graph) == asked


def test_a_conjunct_is_not_asked_while_a_value_excludes_its_segments() -> None:
    graph = CountedGraph(segment("a", {"all": [GERMAN, IN_BONN]}))
    ada = contact(properties={"country": "FR", "home": {"city": "Bonn"}})
    truths = graph.truths(ada)
    assert settle_once(truths, evaluation_context(ada)) == []
    assert graph.times_asked(IN_BONN) == 0
    ada.properties["country"] = "DE"
    assert settle_once(truths, evaluation_context(ada), ChangeSet(properties={"country"})) == ["a"]
    assert graph.times_asked(IN_BONN) == 1


def test_a_conjunct_that_several_segments_need_is_asked_once() -> None:
    graph = CountedGraph(*(segment(f"s{number}", {"all": [IN_BONN, GERMAN]}) for number in range(5)))
    ada = contact(properties={"country": "DE", "home": {"city": "Bonn"}})
    assert len(settle_once(graph.truths(ada), evaluation_context(ada))) == 5
    assert everything_asked(graph) == 1


def test_the_first_conjunct_that_fails_ends_the_question() -> None:
    graph = CountedGraph(segment("a", {"all": [IN_BONN, DORMANT]}))
    ada = contact(properties={"home": {"city": "Köln"}}, last_visit=NOW - HOUR)
    truths = graph.truths(ada)
    settle_once(truths, evaluation_context(ada))
    assert (graph.times_asked(IN_BONN), graph.times_asked(DORMANT)) == (1, 0)
    assert truths.next_due() is None


CHANGES: list[tuple[dict[str, Any], dict[str, Any], ChangeSet]] = [
    (IN_BONN, {"properties": {"home": {"city": "Bonn"}}}, ChangeSet(properties={"home"})),
    (GERMAN, {"properties": {"country": "DE"}}, ChangeSet(properties={"country"})),
    ({"score": {"gte": 1}}, {"score": 1_000_000}, ChangeSet(scores=True)),
    ({"score": {"name": "fit", "gte": 1}}, {"scores": {"fit": 1_000_000}}, ChangeSet(scores=True)),
    ({"score": {"name": "fit", "exists": True}}, {"scores": {"fit": 0}}, ChangeSet(scores=True)),
    ({"first_visit": {"before": "2027-01-01"}}, {"first_visit": NOW}, ChangeSet(activity_times=True)),
    ({"status": {"eq": "bounced"}}, {"status": "bounced"}, ChangeSet(everything=True)),
    ({"any": [IN_BONN, GERMAN]}, {"properties": {"country": "DE"}}, ChangeSet(properties={"country"})),
]


@pytest.mark.parametrize(("condition", "fields", "changes"), CHANGES)
def test_a_change_of_an_input_is_noticed(
    condition: dict[str, Any], fields: dict[str, Any], changes: ChangeSet
) -> None:
    statuses = frozenset({"active", "bounced"})
    graph = CountedGraph(
        segment("a", condition, statuses=statuses), segment("b", {"not": condition}, statuses=statuses)
    )
    ada = contact()
    truths = graph.truths(ada)
    assert settle_once(truths, evaluation_context(ada)) == ["b"]
    for name, value in fields.items():
        setattr(ada, name, value)
    assert settle_once(truths, evaluation_context(ada), changes) == ["a", "b"]
    assert list(ada.members) == ["a"]


def test_a_list_is_noticed_by_the_static_segment_and_by_those_that_refer_to_it() -> None:
    graph = CountedGraph(segment("vip", None), segment("also", {"segment": "vip"}))
    ada = contact()
    truths = graph.truths(ada)
    settle_once(truths, evaluation_context(ada))
    ada.listed.append("vip")
    assert settle_once(truths, evaluation_context(ada), ChangeSet(static_segments={"vip"})) == ["vip", "also"]


def test_segments_follow_those_that_they_refer_to_within_one_round() -> None:
    graph = CountedGraph(
        segment("a", GERMAN), segment("b", {"segment": "a"}), segment("c", {"not": {"segment": "b"}})
    )
    ada = contact()
    truths = graph.truths(ada)
    assert settle_once(truths, evaluation_context(ada)) == ["c"]
    ada.properties["country"] = "DE"
    assert settle_once(truths, evaluation_context(ada), ChangeSet(properties={"country"})) == ["a", "b", "c"]


def test_time_asks_what_is_due_and_nothing_else() -> None:
    graph = CountedGraph(segment("dormant", DORMANT), segment("soon", SOON))
    ada = contact(last_visit=NOW, properties={"due": "2026-03-20"})
    truths = graph.truths(ada)
    settle_once(truths, evaluation_context(ada))
    assert truths.next_due() == NOW + DAY
    asked = graph.times_asked(SOON)
    assert settle_once(truths, evaluation_context(ada, NOW + DAY - 1)) == []
    assert settle_once(truths, evaluation_context(ada, NOW + DAY)) == ["dormant"]
    assert graph.times_asked(SOON) == asked
    assert truths.next_due() == NOW + 8 * DAY + 12 * HOUR  # a day before the day begins


def test_a_conjunct_that_decides_nothing_is_not_waited_for() -> None:
    graph = CountedGraph(segment("a", {"all": [IN_BONN, DORMANT]}))
    ada = contact(properties={"home": {"city": "Bonn"}}, last_visit=NOW)
    truths = graph.truths(ada)
    settle_once(truths, evaluation_context(ada))
    assert truths.next_due() == NOW + DAY
    ada.properties = {"home": {"city": "Köln"}}
    settle_once(truths, evaluation_context(ada, NOW + 1), ChangeSet(properties={"home"}))
    assert truths.next_due() is None
    ada.properties = {"home": {"city": "Bonn"}}
    settle_once(truths, evaluation_context(ada, NOW + 2), ChangeSet(properties={"home"}))
    assert truths.next_due() == NOW + DAY


def test_a_conjunct_is_waited_for_while_one_of_its_segments_needs_it() -> None:
    graph = CountedGraph(segment("a", {"all": [IN_KOELN, DORMANT]}), segment("b", {"all": [IN_BONN, DORMANT]}))
    ada = contact(properties={"home": {"city": "Köln"}}, last_visit=NOW)
    truths = graph.truths(ada)
    settle_once(truths, evaluation_context(ada))
    assert truths.next_due() == NOW + DAY
    ada.properties = {"home": {"city": "Bonn"}}
    settle_once(truths, evaluation_context(ada), ChangeSet(properties={"home"}))
    assert truths.next_due() == NOW + DAY


def test_an_instant_that_an_event_moved_is_not_due_any_more() -> None:
    graph = CountedGraph(segment("dormant", DORMANT))
    ada = contact(last_visit=NOW)
    truths = graph.truths(ada)
    settle_once(truths, evaluation_context(ada))
    ada.last_visit = NOW + HOUR
    settle_once(truths, evaluation_context(ada, NOW + HOUR), ChangeSet(activity_times=True))
    assert truths.next_due() == NOW + HOUR + DAY
    assert settle_once(truths, evaluation_context(ada, NOW + DAY)) == []


def test_a_truth_asked_late_knows_its_own_next_instant() -> None:
    graph = CountedGraph(segment("a", {"all": [GERMAN, DORMANT]}))
    ada = contact(last_visit=NOW)
    truths = graph.truths(ada)
    settle_once(truths, evaluation_context(ada))
    assert truths.next_due() is None
    ada.properties["country"] = "DE"
    settle_once(truths, evaluation_context(ada, NOW + HOUR), ChangeSet(properties={"country"}))
    assert truths.next_due() == NOW + DAY


def test_a_paused_segment_keeps_its_members_until_the_contact_is_deleted() -> None:
    graph = CountedGraph(segment("german", GERMAN, paused=True), segment("other", GERMAN, paused=True))
    ada = contact(members={"german": NOW})
    truths = graph.truths(ada)
    assert settle_once(truths, evaluation_context(ada)) == []
    ada.properties["country"] = "DE"
    assert settle_once(truths, evaluation_context(ada), ChangeSet(properties={"country"})) == []
    ada.status = "bounced"
    assert settle_once(truths, evaluation_context(ada), ChangeSet(everything=True)) == []
    ada.status = "deleted"
    assert settle_once(truths, evaluation_context(ada), ChangeSet(everything=True)) == ["german"]


def test_a_change_that_is_taken_back_is_looked_at_once_more() -> None:
    graph = CountedGraph(segment("dormant", DORMANT))
    ada = contact(last_visit=NOW)
    truths = graph.truths(ada)
    settle_once(truths, evaluation_context(ada))
    due = evaluation_context(ada, NOW + DAY)
    assert settle_once(truths, due) == ["dormant"]
    ada.members.clear()
    truths.take_back(0)
    assert truths.members == 0
    assert settle_once(truths, due) == ["dormant"]


def test_what_refers_to_a_segment_whose_change_is_taken_back_is_asked_once_more() -> None:
    graph = CountedGraph(segment("dormant", DORMANT), segment("also", {"segment": "dormant"}))
    ada = contact(last_visit=NOW)
    truths = graph.truths(ada)
    settle_once(truths, evaluation_context(ada))
    due = evaluation_context(ada, NOW + DAY)
    assert settle_once(truths, due) == ["dormant", "also"]
    ada.members.clear()
    truths.take_back(0)
    ada.last_visit = NOW + DAY
    assert settle_once(truths, due, ChangeSet(activity_times=True)) == []
    assert ada.members == {}


def test_truths_that_nobody_needs_any_more_are_forgotten() -> None:
    cities = [f"c{number}" for number in range(200)]
    graph = CountedGraph(
        *(
            segment(city, {"all": [{"property": "at", "eq": city}, {"property": ["home", city], "eq": "x"}, DORMANT]})
            for city in cities
        )
    )
    ada = contact(properties={"home": dict.fromkeys(cities, "x")}, last_visit=NOW)
    truths = graph.truths(ada)
    sizes = []
    for step, city in enumerate(cities):
        ada.properties["at"] = city
        settle_once(truths, evaluation_context(ada, NOW + step), ChangeSet(properties={"at"}))
        assert truths.next_due() == NOW + DAY
        sizes.append(len(truths._conjuncts))
    assert max(sizes) < 100
    assert settle_once(truths, evaluation_context(ada, NOW + DAY)) == [cities[-1]]


def test_instants_that_events_moved_do_not_pile_up() -> None:
    graph = CountedGraph(segment("dormant", DORMANT))
    ada = contact(last_visit=NOW)
    truths = graph.truths(ada)
    for step in range(1_000):
        ada.last_visit = NOW + step
        settle_once(truths, evaluation_context(ada, NOW + step), ChangeSet(activity_times=True))
        assert truths.next_due() == NOW + step + DAY
    assert len(truths._dues) < 100


def test_a_segment_that_many_values_refuse_is_met_only_when_all_allow_it() -> None:
    names = ["a", "b", "c", "d", "e"]
    graph = CountedGraph(segment("all", {"all": [{"property": name, "eq": 1} for name in names]}))
    ada = contact(properties=dict.fromkeys(names, 1))
    truths = graph.truths(ada)
    settle_once(truths, evaluation_context(ada))

    def is_member_after(name: str, value: int) -> bool:
        ada.properties[name] = value
        settle_once(truths, evaluation_context(ada), ChangeSet(properties={name}))
        return "all" in ada.members

    for order in (names, names[::-1], ["c", "a", "e", "b", "d"]):
        assert not any(is_member_after(name, 2) for name in order)
        assert [is_member_after(name, 1) for name in order] == [False, False, False, False, True]

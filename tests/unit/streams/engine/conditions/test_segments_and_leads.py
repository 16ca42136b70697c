"""Memberships, scores, statuses and leads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas.values import MILLION
from streams.engine.conditions.errors import ConditionRefused
from streams.engine.state.contact import Lead
from streams.verify.recompute.conditions.evaluate import holds as holds_in_batch
from streams.verify.recompute.model import ContactModel
from streams.verify.recompute.model import ModelLead as LeadInBatch
from tests.harness.engine.conditions import NOW, compile_dict, contact, evaluation_context, visit

DAY = 86_400_000


def test_a_segment_reference_is_membership() -> None:
    ready = compile_dict({"all": [{"segment": "hot"}, {"not": {"segment": "rivals"}}]})
    assert ready.segments == {"hot", "rivals"}
    assert ready.node.holds(evaluation_context(contact(members={"hot": NOW})))
    assert not ready.node.holds(evaluation_context(contact(members={"hot": NOW, "rivals": NOW})))
    assert not ready.node.holds(evaluation_context(contact()))


@pytest.mark.parametrize(
    ("operators", "score", "expected"),
    [
        ({"gte": 50}, 50.0, True),
        ({"gt": 50}, 50.0, False),
        ({"gt": 50}, 50.000001, True),
        ({"eq": 0.1}, 0.1, True),
        ({"ne": 0.1}, 0.1, False),
        ({"in": [1, 2.5]}, 2.5, True),
        ({"not_in": [1, 2.5]}, 2.5, False),
        ({"lt": 0.0000015}, 0.000001, True),
        ({"lte": 0.0000005}, 0.000001, False),
        ({"between": [-5, 5]}, -5, True),
        ({"between": [-5, 5]}, 5.000001, False),
        ({"gte": 1, "lt": 2}, 2, False),
        ({"eq": 12345678901.000001}, 12345678901.000001, True),
        ({"in": [12345678901.000001]}, 12345678901.000001, True),
        ({"gte": 12345678901.000001, "lte": 12345678901.000001}, 12345678901.000001, True),
        ({"gt": 12345678901.000001}, 12345678901.000001, False),
        ({"eq": 12345678901.000001}, 12345678901.00001, False),
        ({"eq": 9007199254740993}, 9007199254740993, True),
    ],
)
def test_scores_compare_exactly(operators: dict[str, Any], score: float, expected: bool) -> None:
    millionths = int(Decimal(repr(score)) * MILLION)
    assert compile_dict({"score": operators}).node.holds(evaluation_context(contact(score=millionths))) is expected
    named = compile_dict({"score": {"name": "fit", **operators}}).node
    assert named.holds(evaluation_context(contact(scores={"fit": millionths}))) is expected


def test_a_missing_score_is_zero() -> None:
    assert compile_dict({"score": {"name": "fit", "eq": 0}}).node.holds(evaluation_context(contact(score=5)))
    assert compile_dict({"score": {"lte": 0}}).node.holds(evaluation_context(contact()))


def test_exists_says_whether_a_score_was_ever_adjusted() -> None:
    own = compile_dict({"score": {"exists": True}})
    (counter,) = own.counters
    adjusted = contact(counts={counter.key: [NOW]})
    assert [own.node.holds(evaluation_context(each)) for each in (contact(), contact(score=1), adjusted)] == [
        False,
        True,
        True,
    ]
    named = compile_dict({"score": {"name": "fit", "exists": True}})
    assert named.counters == (), "its name alone says so"
    for scores, expected in (({}, False), ({"fit": 0}, True), ({"other": 5}, False)):
        assert named.node.holds(evaluation_context(contact(score=5, scores=scores))) is expected


def test_exists_false_is_the_negation_and_other_operators_hold_beside_exists() -> None:
    never = compile_dict({"score": {"exists": False}}).node
    assert never.holds(evaluation_context(contact()))
    assert not never.holds(evaluation_context(contact(score=-5)))
    leaf = compile_dict({"score": {"name": "fit", "exists": True, "lte": 0}}).node
    for scores, expected in (({}, False), ({"fit": 0}, True), ({"fit": 1}, False)):
        assert leaf.holds(evaluation_context(contact(scores=scores))) is expected


def test_the_own_score_is_stored_as_the_earliest_instant_at_which_it_was_adjusted() -> None:
    (counter,) = compile_dict({"score": {"exists": True}}).counters
    state = counter.update([], visit(NOW), NOW)
    assert counter.update(counter.update(state, visit(NOW - DAY), NOW), visit(NOW), NOW) == [NOW - DAY]
    assert counter.merge([NOW - DAY], [NOW], NOW) == counter.merge([NOW], [NOW - DAY], NOW) == [NOW - DAY]
    assert counter.merge([], [], NOW) == []
    assert (counter.drop_older_half(state), counter.earliest_needed(NOW)) == ([NOW], None)
    assert not counter.matches(visit(NOW)), "a visit adjusts no score"


def test_status_and_tags_are_compared_as_properties() -> None:
    assert compile_dict({"status": {"in": ["bounced", "Active"]}}).node.holds(evaluation_context(contact()))
    assert not compile_dict({"status": {"ne": "active"}}).node.holds(evaluation_context(contact()))
    tags = compile_dict({"tags": {"contains_all": ["VIP", "eu"]}})
    assert tags.node.holds(evaluation_context(contact(properties={"tags": ["vip", "EU", "x"]})))
    assert not tags.node.holds(evaluation_context(contact()))
    assert tags.properties == {"tags"}


@pytest.mark.parametrize(
    "leaf",
    [
        {"status": {"eq": "actve"}},
        {"status": {"in": ["active", "gone"]}},
        {"status": {"gte": 5}},
        {"status": {}},
        {"tags": {"eq": "vip"}},
        {"score": {}},
        {"score": {"name": "fit"}},
        {"lead": {"campaign": "spring", "points": {}}},
        {"lead": {"campaign": "spring", "status": {"eq": "qualifed"}}},
        {"points": {}},
        {"lead_status": {"eq": "won"}},
        {"lead_age": {}},
    ],
)
def test_a_reference_that_makes_no_sense_is_refused(leaf: dict[str, Any]) -> None:
    with pytest.raises(ConditionRefused):
        compile_dict(leaf)


SPRING = {"spring": Lead("active", NOW - DAY, NOW, points=10 * MILLION)}


@pytest.mark.parametrize(
    ("test", "with_lead", "without"),
    [
        ({}, True, False),
        ({"status": {"eq": "active"}}, True, False),
        ({"status": {"ne": "qualified"}}, True, True),
        ({"status": {"ne": "active"}}, False, True),
        ({"points": {"gte": 10}}, True, False),
        ({"points": {"lt": 10}}, False, False),
        ({"points": {"ne": 10}}, False, True),
        ({"status": {"eq": "active"}, "points": {"gt": 10}}, False, False),
    ],
)
def test_the_lead_in_a_campaign(test: dict[str, Any], with_lead: bool, without: bool) -> None:
    ready = compile_dict({"lead": {"campaign": "spring", **test}})
    assert ready.campaigns == {"spring"}
    assert not ready.uses_lead
    assert ready.node.holds(evaluation_context(contact(leads=SPRING))) is with_lead
    assert ready.node.holds(evaluation_context(contact())) is without


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ({}, False),
        ({"points": {"gte": 0}}, False),
        ({"points": {"lt": 50}}, False),
        ({"points": {"ne": 50}}, True),
        ({"status": {"eq": "deleted"}}, True),
        ({"status": {"eq": "deleted"}, "points": {"gte": 0}}, True),
        ({"status": {"ne": "deleted"}, "points": {"gte": 0}}, False),
    ],
)
def test_a_deleted_lead_counts_only_for_a_test_of_its_status(test: dict[str, Any], expected: bool) -> None:
    leaf = {"lead": {"campaign": "spring", **test}}
    person = contact(leads={"spring": Lead("deleted", NOW, NOW)})
    assert compile_dict(leaf).node.holds(evaluation_context(person)) is expected
    assert holds_in_batch(leaf, ContactModel(leads={"spring": LeadInBatch(NOW, "deleted")}), NOW) is expected


def test_points_and_status_of_the_lead_whose_rule_is_evaluated() -> None:
    lead = SPRING["spring"]
    points = compile_dict({"points": {"gte": 10}})
    assert points.uses_lead
    assert points.node.holds(evaluation_context(contact(), lead=lead))
    assert not points.node.holds(evaluation_context(contact()))
    status = compile_dict({"lead_status": {"in": ["active", "duplicate"]}})
    assert status.uses_lead
    assert status.node.holds(evaluation_context(contact(), lead=lead))
    assert not status.node.holds(evaluation_context(contact()))


@pytest.mark.parametrize(
    ("operators", "changes"),
    [
        ({"gte": "1d"}, [DAY]),
        ({"gt": "1d"}, [DAY + 1]),
        ({"lt": "1d"}, [DAY]),
        ({"lte": "1d"}, [DAY + 1]),
        ({"between": ["1d", "2d"]}, [DAY, 2 * DAY + 1]),
        ({"gt": "1d", "lt": "2d"}, [DAY + 1, 2 * DAY]),
    ],
)
def test_the_age_of_a_lead_changes_at_exact_instants(operators: dict[str, Any], changes: list[int]) -> None:
    node = compile_dict({"lead_age": operators}).node
    lead = Lead("active", NOW, NOW)
    at = NOW
    for change in changes:
        before = node.holds(evaluation_context(contact(), at, lead))
        assert node.due(evaluation_context(contact(), at, lead)) == NOW + change
        assert node.holds(evaluation_context(contact(), NOW + change - 1, lead)) is before
        assert node.holds(evaluation_context(contact(), NOW + change, lead)) is not before
        at = NOW + change
    assert node.due(evaluation_context(contact(), at, lead)) is None
    assert not node.holds(evaluation_context(contact(), at))

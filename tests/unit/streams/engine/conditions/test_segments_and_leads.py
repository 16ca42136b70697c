"""Memberships, scores, statuses and leads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from streams.engine.conditions.errors import ConditionRefused
from streams.engine.state.contact import Lead
from streams.engine.state.points import MILLION
from streams.verify.recompute.conditions.evaluate import holds as holds_in_batch
from streams.verify.recompute.model import Lead as LeadInBatch
from streams.verify.recompute.model import World
from tests.harness.engine.conditions import NOW, compiled, contact, scene

DAY = 86_400_000


def test_a_segment_reference_is_membership() -> None:
    ready = compiled({"all": [{"segment": "hot"}, {"not": {"segment": "rivals"}}]})
    assert ready.segments == {"hot", "rivals"}
    assert ready.node.holds(scene(contact(members={"hot": NOW})))
    assert not ready.node.holds(scene(contact(members={"hot": NOW, "rivals": NOW})))
    assert not ready.node.holds(scene(contact()))


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
    assert compiled({"score": operators}).node.holds(scene(contact(score=millionths))) is expected
    named = compiled({"score": {"name": "fit", **operators}}).node
    assert named.holds(scene(contact(scores={"fit": millionths}))) is expected


def test_a_missing_score_is_zero() -> None:
    assert compiled({"score": {"name": "fit", "eq": 0}}).node.holds(scene(contact(score=5)))
    assert compiled({"score": {"lte": 0}}).node.holds(scene(contact()))


def test_status_and_tags_are_compared_as_properties() -> None:
    assert compiled({"status": {"in": ["bounced", "Active"]}}).node.holds(scene(contact()))
    assert not compiled({"status": {"ne": "active"}}).node.holds(scene(contact()))
    tags = compiled({"tags": {"contains_all": ["VIP", "eu"]}})
    assert tags.node.holds(scene(contact(properties={"tags": ["vip", "EU", "x"]})))
    assert not tags.node.holds(scene(contact()))
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
        compiled(leaf)


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
    ready = compiled({"lead": {"campaign": "spring", **test}})
    assert ready.campaigns == {"spring"}
    assert not ready.leads
    assert ready.node.holds(scene(contact(leads=SPRING))) is with_lead
    assert ready.node.holds(scene(contact())) is without


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
def test_a_deleted_lead_is_one_only_where_its_status_is_asked_for(test: dict[str, Any], expected: bool) -> None:
    leaf = {"lead": {"campaign": "spring", **test}}
    of = contact(leads={"spring": Lead("deleted", NOW, NOW)})
    assert compiled(leaf).node.holds(scene(of)) is expected
    assert holds_in_batch(leaf, World(leads={"spring": LeadInBatch(NOW, "deleted")}), NOW) is expected


def test_points_and_status_of_the_lead_at_hand() -> None:
    lead = SPRING["spring"]
    points = compiled({"points": {"gte": 10}})
    assert points.leads
    assert points.node.holds(scene(contact(), lead=lead))
    assert not points.node.holds(scene(contact()))
    status = compiled({"lead_status": {"in": ["active", "duplicate"]}})
    assert status.leads
    assert status.node.holds(scene(contact(), lead=lead))
    assert not status.node.holds(scene(contact()))


@pytest.mark.parametrize(
    ("operators", "turns"),
    [
        ({"gte": "1d"}, [DAY]),
        ({"gt": "1d"}, [DAY + 1]),
        ({"lt": "1d"}, [DAY]),
        ({"lte": "1d"}, [DAY + 1]),
        ({"between": ["1d", "2d"]}, [DAY, 2 * DAY + 1]),
        ({"gt": "1d", "lt": "2d"}, [DAY + 1, 2 * DAY]),
    ],
)
def test_the_age_of_the_lead_at_hand_turns_at_exact_instants(operators: dict[str, Any], turns: list[int]) -> None:
    node = compiled({"lead_age": operators}).node
    lead = Lead("active", NOW, NOW)
    at = NOW
    for turn in turns:
        before = node.holds(scene(contact(), at, lead))
        assert node.due(scene(contact(), at, lead)) == NOW + turn
        assert node.holds(scene(contact(), NOW + turn - 1, lead)) is before
        assert node.holds(scene(contact(), NOW + turn, lead)) is not before
        at = NOW + turn
    assert node.due(scene(contact(), at, lead)) is None
    assert not node.holds(scene(contact(), at))

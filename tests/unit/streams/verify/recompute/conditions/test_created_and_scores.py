"""When a contact began, and whether it was ever scored."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_ms
from streams.verify.recompute.conditions.evaluate import holds
from streams.verify.recompute.conditions.instants import leaf_change_instants
from streams.verify.recompute.events import add_to_score
from streams.verify.recompute.interval import Interval
from streams.verify.recompute.model import ContactModel

CREATED = instant_ms("2026-03-30T22:30:00Z")
"""In Berlin it is the 31st."""

DAY = 86_400_000


def began(now: int = CREATED, zone: str = "Europe/Berlin", **operators: Any) -> bool:
    model = ContactModel({"time_zone": "America/New_York"}, created=CREATED, zone=zone)
    return holds({"created": operators}, model, now)


def test_created_is_a_datetime() -> None:
    assert began(eq="2026-03-31")
    assert not began(eq="2026-03-31", in_zone="contact")
    assert began(eq="2026-03-30", in_zone="contact")
    assert began(eq="2026-03-30T22:30:00Z")
    assert began(gte="2026-03-31", lt="2026-04-01")
    assert began(before="2026-04-01")
    assert not began(after="2026-03-31")
    assert began(between=["2026-03-30", "2026-03-31"])
    assert began(exists=True)
    assert not began(empty=True)
    assert not began(not_in=["2026-03-31"])


def test_time_passes_since_the_creation() -> None:
    assert began(CREATED + DAY - 1, within_last="1d")
    assert not began(CREATED + DAY, within_last="1d")
    assert not began(CREATED + DAY - 1, older_than="1d")
    assert began(CREATED + DAY, older_than="1d")
    assert not began(within_next="1d")


def test_an_anniversary_of_the_creation() -> None:
    morning = instant_ms("2027-03-29T22:00:00Z")
    assert not began(morning - 1, anniversary_within="1d")
    assert began(morning, anniversary_within="1d")


@pytest.mark.parametrize(
    ("operators", "instant"),
    [
        ({"within_last": "1d"}, CREATED + DAY),
        ({"older_than": "1d"}, CREATED + DAY),
        ({"lt": "now-1d"}, CREATED + DAY + 1),
        ({"anniversary_within": "1d"}, instant_ms("2027-03-29T22:00:00Z")),
        ({"gte": "now/d", "in_zone": "contact"}, instant_ms("2026-03-31T04:00:00Z")),
    ],
)
def test_time_is_known_to_change_a_leaf_on_the_creation(operators: dict[str, Any], instant: int) -> None:
    model = ContactModel({"time_zone": "America/New_York"}, created=CREATED, zone="Europe/Berlin")
    leaf = {"created": operators}
    assert instant in set(leaf_change_instants(leaf, model, instant - 2, instant + 2))
    interval = Interval(model, instant - 2)
    assert interval.change_instants([leaf], instant + 2) == [instant]


def test_a_contact_was_scored_once_points_came_even_if_none_are_left() -> None:
    model = ContactModel()
    own, fit = {"score": {"exists": True}}, {"score": {"name": "fit", "exists": True}}
    assert not holds(own, model, 0)
    assert holds({"score": {"exists": False}}, model, 0)
    model.score = add_to_score(model, None, 5_000_000)
    model.score = add_to_score(model, None, -5_000_000)
    assert holds(own, model, 0)
    assert holds({"score": {"exists": True, "lte": 0}}, model, 0)
    assert not holds({"score": {"exists": True, "gt": 0}}, model, 0)
    assert not holds({"score": {"exists": False, "lte": 0}}, model, 0)
    assert not holds(fit, model, 0)
    model.scores["fit"] = add_to_score(model, "fit", 0)
    assert holds(fit, model, 0)
    assert not holds({"score": {"name": "reach", "exists": True}}, model, 0)

"""`has_item` told from the whole history: each date inside speaks in its own zone, and is looked at in time."""

from __future__ import annotations

import pytest

from schemas.values import instant_ms
from streams.verify.recompute.conditions.evaluate import holds
from streams.verify.recompute.conditions.instants import leaf_change_instants
from streams.verify.recompute.model import ContactModel

MIDNIGHT_IN_TOKYO = instant_ms("2026-03-10T15:00:00Z")


def world(key: str = "due") -> ContactModel:
    return ContactModel({"orders": [{key: "2026-03-11"}], "time_zone": "Asia/Tokyo"})


def test_an_item_may_speak_in_the_contacts_zone() -> None:
    leaf = {"property": "orders", "has_item": {"due": {"gte": "now/d", "lt": "now+1d/d", "in_zone": "contact"}}}
    assert not holds(leaf, world(), MIDNIGHT_IN_TOKYO - 1)
    assert holds(leaf, world(), MIDNIGHT_IN_TOKYO)
    in_the_accounts = {"property": "orders", "has_item": {"due": {"gte": "now/d", "lt": "now+1d/d"}}}
    assert not holds(in_the_accounts, world(), MIDNIGHT_IN_TOKYO)


@pytest.mark.parametrize("key", ["due", "property", "held_for"])
def test_time_is_known_to_change_an_item_whatever_its_key_is_called(key: str) -> None:
    leaf = {"property": "orders", "has_item": {key: {"gte": "now/d", "lt": "now+1d/d", "in_zone": "contact"}}}
    near = leaf_change_instants(leaf, world(key), MIDNIGHT_IN_TOKYO - 1, MIDNIGHT_IN_TOKYO + 1)
    assert MIDNIGHT_IN_TOKYO in set(near)

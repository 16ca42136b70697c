"""`regular` with `times`: often enough in one period, each of them half-open."""

from __future__ import annotations

from typing import Any

import pytest

from streams.verify.recompute.conditions.evaluate import holds
from streams.verify.recompute.model import ContactModel, HistoryActivity

LEAF = {"at_least": 2, "of": 3, "each": "PT0.010S", "times": 2}


def model_at(*instants: int) -> ContactModel:
    return ContactModel(activities=[HistoryActivity(at) for at in instants])


@pytest.mark.parametrize(
    ("instants", "expected"),
    [
        ((100, 95, 90, 85), True),
        ((100, 100, 90, 90), True),  # two at one instant are two
        ((100, 91, 90, 81), True),
        ((100, 90, 89, 81), False),  # 90 lies in the second period
        ((100, 95, 90, 80), False),  # 80 lies in the third
        ((100, 95, 80, 71), True),
        ((100, 95, 80, 70), False),  # 70 is over
        ((100, 99, 98, 97), False),
        ((101, 100, 99, 90, 89), True),
        ((101, 100, 90, 89), False),  # 101 is still to come
    ],
)
def test_a_period_is_filled_by_at_least_that_many(instants: tuple[int, ...], expected: bool) -> None:
    assert holds({"visit": {}, "regular": LEAF}, model_at(*instants), 100) is expected


def test_once_is_enough_without_times() -> None:
    leaf: dict[str, Any] = {"visit": {}, "regular": {"at_least": 2, "of": 3, "each": "PT0.010S"}}
    assert holds(leaf, model_at(100, 90), 100)
    assert not holds(leaf, model_at(100, 91), 100)

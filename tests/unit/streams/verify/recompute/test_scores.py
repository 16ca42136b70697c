"""Scores are added up to the last millionth, and compared as they are written: by the engine and in batch."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import MILLION
from streams.verify.recompute.conditions.evaluate import holds as holds_in_batch
from streams.verify.recompute.events import add_to_score
from streams.verify.recompute.model import ContactModel
from tests.harness.engine.conditions import compile_dict, contact, evaluation_context

PARTS = [*[1_000_000_000 * MILLION] * 12, 345_678_901_000_001]
SMALL = [1, 1, -2 * MILLION]


@pytest.mark.parametrize(
    ("operators", "parts", "expected"),
    [
        ({"eq": 12345678901.000001}, PARTS, True),
        ({"in": [12345678901.000001, 5]}, PARTS, True),
        ({"between": [12345678901.000001, 12345678901.000001]}, PARTS, True),
        ({"eq": 12345678901}, PARTS, False),
        ({"gt": 12345678901}, PARTS, True),
        ({"eq": 12345678901.00001}, PARTS, False),
        ({"eq": 9007199254740993}, [9_007_199_254_740_993 * MILLION], True),
        ({"eq": 4_000_000_000.000001}, [4_000_000_000 * MILLION, 1], True),
        ({"eq": -1.999998}, SMALL, True),
        ({"lt": -1.999998}, SMALL, False),
    ],
)
def test_a_score_is_what_its_parts_add_up_to(operators: dict[str, Any], parts: list[int], expected: bool) -> None:
    world = ContactModel()
    for part in parts:
        world.score = add_to_score(world, None, part)
        world.scores["fit"] = add_to_score(world, "fit", part)
    of = contact(score=sum(parts), scores={"fit": sum(parts)})
    for leaf in ({"score": operators}, {"score": {"name": "fit", **operators}}):
        assert holds_in_batch(leaf, world, 0) is expected
        assert compile_dict(leaf).node.holds(evaluation_context(of)) is expected

"""Whole numbers are kept and compared to the last digit, by the engine and in batch."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.journal.effects import Refusal
from streams.engine.state.properties import validate_property
from streams.verify.recompute.conditions.evaluate import holds as holds_in_batch
from streams.verify.recompute.conditions.properties import apply_patch
from streams.verify.recompute.model import ContactModel
from tests.harness.engine.conditions import holds

NUMBER = 18_446_744_073_709_551_615


@pytest.mark.parametrize(
    ("operators", "expected"),
    [
        ({"eq": NUMBER}, True),
        ({"eq": NUMBER + 1}, False),
        ({"ne": NUMBER + 1}, True),
        ({"in": [NUMBER]}, True),
        ({"between": [NUMBER, NUMBER]}, True),
        ({"gt": NUMBER - 1, "lt": NUMBER + 1}, True),
    ],
)
@pytest.mark.parametrize("kind", ["number", None])
def test_a_number_of_twenty_digits_is_that_number(operators: dict[str, Any], expected: bool, kind: Any) -> None:
    leaf, types = {"property": "no", **operators}, {} if kind is None else {"no": kind}
    assert holds(leaf, {"no": validate_property("no", NUMBER, kind)}, **types) is expected
    assert holds_in_batch(leaf, ContactModel(apply_patch({}, {"no": NUMBER}, types), types), 0) is expected


@pytest.mark.parametrize("digits", [308, 309, 400])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_same_numbers_are_too_large_for_both(digits: int, sign: int) -> None:
    nines = sign * (10**digits - 1)
    refused = isinstance(validate_property("no", nines, None), Refusal)
    assert refused is (apply_patch({}, {"no": nines}, {}) == {}) is (digits > 308)


@pytest.mark.parametrize("beyond", [-1, 0])
def test_what_would_round_to_no_end_is_too_large(beyond: int) -> None:
    number = 2**1024 - 2**970 + beyond
    assert isinstance(validate_property("no", number, None), Refusal) is (beyond == 0)
    assert (apply_patch({}, {"no": number}, {}) == {}) is (beyond == 0)

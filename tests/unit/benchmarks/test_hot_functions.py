"""Hot functions have not become slower than their ratios to a fixed loop allow."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from benchmarks.calibration import run_calibration
from benchmarks.hot_functions.functions import HOT_FUNCTIONS, Portion
from benchmarks.hot_functions.measure import ROOM, measure_ratio, read_table, slower_functions

RENEW = "if this is meant to be slower: `uv run python -m benchmarks.hot_functions --renew`"


def test_no_hot_function_is_slower_than_its_bound() -> None:
    if sys.gettrace() is not None:
        pytest.skip("tracing for coverage slows the product's code and not the fixed loop")
    assert slower_functions(read_table()) == {}, RENEW


def test_the_table_has_every_hot_function() -> None:
    assert read_table().keys() == HOT_FUNCTIONS.keys()


def test_a_function_that_became_three_times_as_slow_is_reported() -> None:
    def portions(loops: int) -> Iterator[Portion]:
        while True:
            yield lambda: [run_calibration() for _ in range(loops)]

    before = measure_ratio(lambda: portions(1), portions=9)
    slower = slower_functions({"it": before}, {"it": lambda: portions(3)}, portions=9)
    assert slower["it"] > ROOM
    assert slower_functions({"it": before}, {"it": lambda: portions(1)}, portions=9) == {}

"""Hot functions execute no more instructions than their table allows."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.hot_functions.functions import CALLS, HOT_FUNCTIONS
from benchmarks.hot_functions.measure import ROOM, count_instructions, read_table, slower_functions
from benchmarks.hot_functions.portions import Portion

RENEW = "if this is meant to be slower: `uv run python -m benchmarks.hot_functions --renew`"


def _portions(additions: int) -> Iterator[Portion]:
    def portion() -> None:
        for _ in range(CALLS):
            total = 0
            for number in range(additions):
                total += number

    while True:
        yield portion


def test_no_hot_function_is_slower_than_its_bound() -> None:
    assert slower_functions(read_table()) == {}, RENEW


def test_the_table_has_every_hot_function() -> None:
    assert read_table().keys() == HOT_FUNCTIONS.keys()


def test_a_function_that_became_half_as_slow_again_is_reported() -> None:
    before = count_instructions(lambda: _portions(100))
    slower = slower_functions({"it": before}, {"it": lambda: _portions(150)})
    assert slower["it"] > ROOM
    assert slower_functions({"it": before}, {"it": lambda: _portions(100)}) == {}


def test_a_call_of_a_function_in_c_counts() -> None:
    def portions(calls: int) -> Iterator[Portion]:
        while True:
            yield lambda: [abs(number) for number in range(calls)]

    per_call = count_instructions(lambda: portions(2 * CALLS)) - count_instructions(lambda: portions(CALLS))
    assert per_call > 10


def test_counting_leaves_the_tracer_of_the_thread_as_it_was() -> None:
    before = sys.gettrace(), sys.getprofile()
    count_instructions(lambda: _portions(1))
    assert (sys.gettrace(), sys.getprofile()) == before

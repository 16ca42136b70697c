"""Measures hot functions: instructions, which are the same on every machine, and the time beside a fixed loop."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from statistics import fmean, median
from types import FrameType
from typing import Any

from benchmarks.calibration import run_calibration
from benchmarks.hot_functions.functions import CALLS, HOT_FUNCTIONS
from benchmarks.hot_functions.portions import Portion, PortionSource

INSTRUCTIONS = Path(__file__).with_name("instructions.json")
"""Hot function -> what one call costs at most, in instructions, as counted when the table was renewed."""
ROOM = 1.2
"""A count may be so many times that of the table: other versions of Python need a few more or fewer."""
CALL_WEIGHT = 10
"""Instructions that a call of a function written in C counts for, beside the one that calls it."""
TIMED_PORTIONS = 30
COUNTED_PORTIONS = 3
WARM_UP = 3


class _Counter:
    """Counts the instructions and the calls of C functions while a portion runs."""

    def __init__(self) -> None:
        self.count = 0

    def run(self, portion: Portion) -> None:
        """Calls a portion. What traced or profiled this thread before goes on after it."""
        tracer, profiler = sys.gettrace(), sys.getprofile()
        sys.setprofile(self._profile)
        sys.settrace(self._trace)
        try:
            portion()
        finally:
            sys.settrace(tracer)
            sys.setprofile(profiler)

    def _trace(self, frame: FrameType, event: str, _argument: object) -> Any:
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if event == "opcode":
            self.count += 1
        return self._trace

    def _profile(self, _frame: FrameType, event: str, _argument: object) -> None:
        if event == "c_call":
            self.count += CALL_WEIGHT


def read_table() -> dict[str, float]:
    """Returns the table of instructions."""
    table: dict[str, float] = json.loads(INSTRUCTIONS.read_text())
    return table


def write_table(counts: Mapping[str, float]) -> None:
    """Replaces the table of instructions."""
    INSTRUCTIONS.write_text(json.dumps({name: round(count) for name, count in counts.items()}, indent=2) + "\n")


def count_instructions(source: PortionSource) -> float:
    """Returns the instructions of one call, as the mean of a few portions after the first ones."""
    counts = []
    for portion in islice(source(), WARM_UP + COUNTED_PORTIONS):
        counter = _Counter()
        counter.run(portion)
        counts.append(counter.count / CALLS)
    return fmean(counts[WARM_UP:])


def slower_functions(
    table: Mapping[str, float], sources: Mapping[str, PortionSource] = HOT_FUNCTIONS
) -> dict[str, float]:
    """Returns the functions above their bound, each with its count in times the table's."""
    excess = {name: count_instructions(source) / table[name] for name, source in sources.items()}
    return {name: round(times, 2) for name, times in excess.items() if times > ROOM}


def measure_ratio(source: PortionSource) -> float:
    """Returns the median time of one call, in thousandths of the fixed loop that ran beside it."""
    ratios = list(islice(_ratios(source()), WARM_UP + TIMED_PORTIONS))
    return median(ratios[WARM_UP:])


def _ratios(portions: Iterator[Portion]) -> Iterator[float]:
    clock = time.thread_time
    for portion in portions:
        before = run_calibration()
        start = clock()
        portion()
        seconds = clock() - start
        yield seconds / CALLS / ((before + run_calibration()) / 2) * 1000

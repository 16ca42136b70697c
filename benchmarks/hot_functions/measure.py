"""Measures hot functions against the fixed loop of `benchmarks.calibration`, in short portions side by side."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from statistics import median

from benchmarks.calibration import run_calibration
from benchmarks.hot_functions.functions import CALLS, HOT_FUNCTIONS, Portion, PortionSource

RATIOS = Path(__file__).with_name("ratios.json")
"""Hot function -> what one call cost when the table was renewed, in thousandths of the fixed loop."""
ROOM = 2.0
"""A ratio may be so many times that of the table: noise and other processors stay below it."""
PORTIONS = 30
WARM_UP = 3
ATTEMPTS = 3
"""A ratio above its bound is measured again, so often in all: noise passes, and slower code stays."""


def read_table() -> dict[str, float]:
    """Returns the table of ratios."""
    table: dict[str, float] = json.loads(RATIOS.read_text())
    return table


def write_table(ratios: Mapping[str, float]) -> None:
    """Replaces the table of ratios."""
    RATIOS.write_text(json.dumps({name: round(ratio, 1) for name, ratio in ratios.items()}, indent=2) + "\n")


def measure_ratio(source: PortionSource, portions: int = PORTIONS) -> float:
    """Returns the median cost of one call, in thousandths of the fixed loop that ran beside it."""
    ratios = list(islice(_ratios(source()), WARM_UP + portions))
    return median(ratios[WARM_UP:])


def slower_functions(
    table: Mapping[str, float], sources: Mapping[str, PortionSource] = HOT_FUNCTIONS, portions: int = PORTIONS
) -> dict[str, float]:
    """Returns the functions above their bound in every attempt, each with its lowest ratio to the table."""
    slower = {}
    for name, source in sources.items():
        excess = min(_attempts(source, table[name], portions))
        if excess > ROOM:
            slower[name] = round(excess, 2)
    return slower


def _attempts(source: PortionSource, expected: float, portions: int) -> Iterator[float]:
    for _ in range(ATTEMPTS):
        excess = measure_ratio(source, portions) / expected
        yield excess
        if excess <= ROOM:
            return


def _ratios(portions: Iterator[Portion]) -> Iterator[float]:
    clock = time.thread_time
    for portion in portions:
        before = run_calibration()
        start = clock()
        portion()
        seconds = clock() - start
        yield seconds / CALLS / ((before + run_calibration()) / 2) * 1000

"""Measures the hot functions, and renews the table of ratios: `uv run python -m benchmarks.hot_functions --renew`."""

from __future__ import annotations

import argparse
import sys
from statistics import median

from benchmarks.hot_functions.functions import HOT_FUNCTIONS
from benchmarks.hot_functions.measure import ROOM, measure_ratio, read_table, write_table

ROUNDS = 5


def main() -> int:
    """Returns 0 when every function is within its bound or the table is renewed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hot_functions", description=__doc__)
    parser.add_argument("--renew", action="store_true", help="write the ratios of now into the table")
    options = parser.parse_args()
    rounds = [{name: measure_ratio(source) for name, source in HOT_FUNCTIONS.items()} for _ in range(ROUNDS)]
    ratios = {name: median(ratio[name] for ratio in rounds) for name in HOT_FUNCTIONS}
    if options.renew:
        write_table(ratios)
    table = read_table()
    sys.stdout.write("thousandths of the fixed loop a call; the table; times the table\n")
    for name, ratio in ratios.items():
        sys.stdout.write(f"{name:50} {ratio:8.1f} {table[name]:8.1f} {ratio / table[name]:6.2f}\n")
    return int(any(ratio > ROOM * table[name] for name, ratio in ratios.items()))


if __name__ == "__main__":
    sys.exit(main())

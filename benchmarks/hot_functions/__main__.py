"""Measures the hot functions, and renews their table: `uv run python -m benchmarks.hot_functions --renew`."""

from __future__ import annotations

import argparse
import sys
from statistics import median

from benchmarks.hot_functions.functions import HOT_FUNCTIONS
from benchmarks.hot_functions.measure import ROOM, count_instructions, measure_ratio, read_table, write_table

ROUNDS = 5


def main() -> int:
    """Returns 0 when every function is within its bound or the table is renewed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hot_functions", description=__doc__)
    parser.add_argument("--renew", action="store_true", help="write the counts of now into the table")
    options = parser.parse_args()
    counts = {name: count_instructions(source) for name, source in HOT_FUNCTIONS.items()}
    rounds = [{name: measure_ratio(source) for name, source in HOT_FUNCTIONS.items()} for _ in range(ROUNDS)]
    if options.renew:
        write_table(counts)
    table = read_table()
    sys.stdout.write("instructions a call; the table; times the table; time in thousandths of the fixed loop\n")
    for name, count in counts.items():
        ratio = median(ratio[name] for ratio in rounds)
        sys.stdout.write(f"{name:50} {count:8.0f} {table[name]:8.0f} {count / table[name]:6.2f} {ratio:8.1f}\n")
    return int(any(count > ROOM * table[name] for name, count in counts.items()))


if __name__ == "__main__":
    sys.exit(main())

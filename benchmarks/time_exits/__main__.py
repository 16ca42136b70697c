"""Measures how exact and how prompt exits by time are: `uv run python -m benchmarks.time_exits --help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import harness
from benchmarks.time_exits.measure import TimeExitResult, measure


def main() -> int:
    """Returns 0 when every exit was exact, else 1; times are reported, not judged."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.time_exits", description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--spread", type=float, default=120.0, help="seconds that exits are due over; 0: all at once")
    parser.add_argument("--workers", type=int, default=1)
    harness.add_common_options(parser)
    return harness.run(measure_time_exits, parser.parse_args())


async def measure_time_exits(bootstrap: str, folder: Path, options: argparse.Namespace) -> TimeExitResult:
    """Runs the benchmark with the options of the command line."""
    return await measure(bootstrap, folder, options.contacts, options.spread, options.workers)


if __name__ == "__main__":
    sys.exit(main())

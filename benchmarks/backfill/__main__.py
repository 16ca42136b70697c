"""Applies a definition that needs a past of many contacts: `uv run python -m benchmarks.backfill --help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import harness
from benchmarks.backfill.measure import BackfillSize, measure
from benchmarks.backfill.result import BackfillResult


def main() -> int:
    """Returns 0 when the members are exact, else 1; times are reported, not judged."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backfill", description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--rate", type=float, default=500.0, help="live events a second")
    parser.add_argument("--calm", type=float, default=20.0, help="seconds of traffic before the release")
    parser.add_argument("--state", choices=("memory", "disk"), default="memory", help="where workers keep rows")
    harness.add_common_options(parser)
    return harness.run(measure_backfill, parser.parse_args())


async def measure_backfill(bootstrap: str, folder: Path, options: argparse.Namespace) -> BackfillResult:
    """Runs the benchmark with the options of the command line."""
    size = BackfillSize(options.contacts, options.rate, options.calm)
    return await measure(bootstrap, folder, size, state=options.state)


if __name__ == "__main__":
    sys.exit(main())

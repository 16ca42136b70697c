"""Does the same job by this pipeline and by its peers: `uv run python -m benchmarks.side_by_side --help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.side_by_side.engine import measure_engine
from benchmarks.side_by_side.events import EventPlan
from benchmarks.side_by_side.segments import CHANGES

ENGINE = "engine"
ENGINE_CONTACTS = 2_000


def main() -> int:
    """Returns 0."""
    options = parse_arguments()
    results: list[dict[str, Any]] = []
    for changes in options.changes:
        for count in options.segments:
            plan = EventPlan(options.contacts or ENGINE_CONTACTS, options.events, changes, count)
            figures = measure_engine(plan, options.seconds)
            sys.stdout.write(f"{figures}\n")
            sys.stdout.flush()
            results.append(figures.document())
    if options.out:
        options.out.write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
    return 0


def parse_arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side", description=__doc__)
    parser.add_argument("--peers", type=_names, default=[ENGINE])
    parser.add_argument("--segments", type=_counts, default=[10, 100, 1_000, 10_000])
    parser.add_argument("--changes", type=_names, default=["many"], help=f"any of {', '.join(CHANGES)}")
    parser.add_argument("--contacts", type=int)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="engine: most time for each size's events")
    parser.add_argument("--out", type=Path, help="write the figures to this file, as JSON")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _counts(text: str) -> list[int]:
    return [int(count) for count in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())

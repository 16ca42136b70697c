"""Edits definitions under traffic, once for every kind of edit: `uv run python -m benchmarks.live_edit --help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import harness
from benchmarks.live_edit.edits import KINDS, select_edits
from benchmarks.live_edit.measure import measure
from benchmarks.live_edit.result import LiveEditResult
from benchmarks.live_edit.session import TrafficSize


def main() -> int:
    """Returns 0 when memberships are right and every change came once, else 1; times are reported, not judged."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_edit", description=__doc__)
    parser.add_argument("--rate", type=float, default=1_000.0, help="events a second")
    parser.add_argument("--contacts", type=int, default=20_000)
    parser.add_argument(
        "--kinds", nargs="*", default=[], help=f"beginnings of kinds, by default all: {', '.join(KINDS)}"
    )
    parser.add_argument("--first-calm", type=float, default=20.0, help="seconds of traffic before the first edit")
    parser.add_argument("--calm", type=float, default=4.0, help="seconds of traffic between two edits")
    harness.add_common_options(parser)
    return harness.run(measure_live_edits, parser.parse_args())


async def measure_live_edits(bootstrap: str, folder: Path, options: argparse.Namespace) -> LiveEditResult:
    """Runs the benchmark with the options of the command line."""
    size = TrafficSize(options.contacts, options.rate, options.first_calm, options.calm)
    return await measure(bootstrap, folder, size, select_edits(options.kinds))


if __name__ == "__main__":
    sys.exit(main())

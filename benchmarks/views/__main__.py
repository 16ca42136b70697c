"""Measures the read models: `uv run python -m benchmarks.views --help`.

Fills the topics with rows of contacts and members, rebuilds the read models, reads pages meanwhile and afterwards,
and times how long after the commit of an output Redis shows it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import harness
from benchmarks.views.measure import ViewsResult, measure


def main() -> int:
    """Returns 0 when every member and every change was there once, else 1; times are reported, not judged."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.views", description=__doc__)
    parser.add_argument("--members", type=int, default=1_000_000, help="of one segment, each one a contact")
    parser.add_argument("--pages", type=int, default=5_000)
    parser.add_argument("--commits", type=int, default=300)
    harness.add_common_options(parser)
    return harness.run(measure_views, parser.parse_args())


async def measure_views(bootstrap: str, folder: Path, options: argparse.Namespace) -> ViewsResult:
    """Runs the benchmark with the options of the command line."""
    return await measure(bootstrap, folder, options.members, options.pages, options.commits)


if __name__ == "__main__":
    sys.exit(main())

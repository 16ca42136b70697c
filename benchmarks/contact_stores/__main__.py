"""Measures contacts in memory and on disk: `uv run python -m benchmarks.contact_stores --help`.

One deployment and its worker in turns: its first start from the changelog, random events, its start after a kill.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks import harness
from benchmarks.contact_stores.measure import ContactStoresResult, measure
from benchmarks.memory_limit import memory_limit
from benchmarks.side_by_side.cells import RunPlace


def main() -> int:
    """Returns 0 when each start restored all contacts, else 1; times and memory are reported, not judged."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contact_stores", description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=50_000, help="of random contacts, in each turn")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--disk-limit",
        type=int,
        default=600,
        help="MB that the worker with contacts on disk and its page cache may have together; 0 for no limit",
    )
    harness.add_common_options(parser)
    return harness.run(measure_contact_stores, parser.parse_args())


async def measure_contact_stores(bootstrap: str, folder: Path, options: argparse.Namespace) -> ContactStoresResult:
    """Runs the benchmark with the options of the command line."""
    with ExitStack() as stack:
        limit = stack.enter_context(memory_limit(options.disk_limit)) if options.disk_limit else None
        if options.disk_limit and limit is None:
            harness.report_progress("without a limit on memory: no control group of version 1 can be made here")
        place = RunPlace(bootstrap, os.getpid(), folder, Path(sys.executable), None, limit)
        return await measure(place, options.contacts, options.events, options.rounds)


if __name__ == "__main__":
    sys.exit(main())

"""Measures what more workers bring and what a join disturbs: `uv run python -m benchmarks.scaling --help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import harness
from benchmarks.live_edit.session import TrafficSize
from benchmarks.scaling.join import JoinPlan
from benchmarks.scaling.measure import BacklogPlan, measure
from benchmarks.scaling.result import ScalingResult
from benchmarks.side_by_side.events import EventPlan


def main() -> int:
    """Returns 0 when memberships are right and every change came once, else 1; times are reported, not judged."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--part", choices=("backlog", "join", "both"), default="both")
    parser.add_argument("--workers", type=_counts, default=[1, 2, 4], help="numbers of workers, by default 1,2,4")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each number of workers, in turns")
    parser.add_argument("--segments", type=int, default=100, help="of the backlog's definitions")
    parser.add_argument("--events", type=int, default=100_000, help="of the backlog, besides the probes")
    parser.add_argument("--contacts", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=400.0, help="events a second while a worker joins")
    parser.add_argument("--joins", type=int, default=3, help="how often a worker joins and leaves")
    parser.add_argument("--calm", type=float, default=5.0, help="seconds of traffic between two changes of workers")
    harness.add_common_options(parser)
    return harness.run(measure_scaling, parser.parse_args())


async def measure_scaling(bootstrap: str, folder: Path, options: argparse.Namespace) -> ScalingResult:
    """Runs the benchmark with the options of the command line."""
    events = EventPlan(options.contacts, options.events, "few", options.segments, has_probes=True)
    size = TrafficSize(options.contacts, options.rate, first_calm=2 * options.calm, calm=options.calm)
    backlog = BacklogPlan(events, options.workers, options.rounds) if options.part != "join" else None
    join = JoinPlan(size, slots=8, joins=options.joins) if options.part != "backlog" else None
    return await measure(bootstrap, folder, backlog, join)


def _counts(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())

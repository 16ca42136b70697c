"""The command line of the benchmark, with the defaults of each part."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.side_by_side.cells import Cell
from benchmarks.side_by_side.events import EventPlan
from benchmarks.side_by_side.measure import ENGINE, PEERS
from benchmarks.side_by_side.pipeline_run import PIPELINES
from benchmarks.side_by_side.recovery import RECOVERABLE
from benchmarks.side_by_side.segments import CHANGES, Changes

ON_DISK = "leadstream-disk"
LIVE_PEERS = [
    peer for peer in PEERS if peer not in (ENGINE, ON_DISK, "kafka-streams-warm", "kafka-streams-warm-changed")
]
"""Those with a latency; Kafka Streams once."""
MEMORY_PEERS = [*PIPELINES, "quix-exactly-once", "bytewax", "aiokafka", "kafka-streams-cold"]

DEFAULTS: dict[str, dict[str, Any]] = {
    ENGINE: {"segments": [10, 100, 1_000, 10_000], "contacts": [2_000], "events": 20_000},
    "throughput": {"segments": [10, 100, 1_000, 10_000], "contacts": [20_000], "events": 100_000},
    "memory": {"segments": [100], "contacts": [10_000, 100_000, 1_000_000], "events": 1_000},
    "latency": {"segments": [100], "contacts": [5_000], "events": 0},
    "recovery": {"segments": [100], "contacts": [1_000, 100_000], "events": 0},
}
PEERS_OF_PARTS = {
    "throughput": [peer for peer in PEERS if peer != ON_DISK],
    "memory": MEMORY_PEERS,
    "latency": LIVE_PEERS,
    "recovery": list(RECOVERABLE),
}


@dataclass
class SideBySideOptions:
    """What to measure."""

    part: str
    peers: list[str]
    segments: list[int]
    contacts: list[int]
    events: int
    changes: list[Changes]
    rounds: int
    rates: list[int]
    seconds: float
    most_evaluations: int
    disk_limit: int
    out: Path | None
    folder: Path | None

    def cells(self) -> Iterator[Cell]:
        """Yields every combination of kinds of events, segments and contacts."""
        for changes, segments, contacts in itertools.product(self.changes, self.segments, self.contacts):
            events = min(self.events, max(1, self.most_evaluations // segments))
            yield Cell(EventPlan(contacts, events, changes, segments))


def parse_options(description: str | None) -> SideBySideOptions:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side", description=description)
    parts = parser.add_mutually_exclusive_group()
    for part, text in (
        ("latency", "producer to `read_committed` output at fixed rates, and after silence"),
        ("memory", "peak and anonymous memory by contacts"),
        ("recovery", "from a start after kill -9 until every partition decides"),
    ):
        parts.add_argument(f"--{part}", dest="part", action="store_const", const=part, help=text)
    parser.add_argument("--peers", type=_names(PEERS), help=f"of {', '.join(PEERS)}")
    parser.add_argument("--segments", type=_counts, help="numbers of segments, separated by commas")
    parser.add_argument("--contacts", type=_counts, help="numbers of contacts")
    parser.add_argument("--events", type=int, help="events after the first one of each contact")
    parser.add_argument("--changes", type=_names(CHANGES), default=["many"], help=f"of {', '.join(CHANGES)}")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--rates", type=_counts, default=[1_000, 5_000], help="latency: events a second")
    parser.add_argument(
        "--seconds",
        type=float,
        default=20.0,
        help="latency: of each rate; engine: most time for the events of a cell",
    )
    parser.add_argument(
        "--most-evaluations",
        type=int,
        default=200_000_000,
        help="events times segments are at most so many: the events are fewer where there are many segments",
    )
    parser.add_argument(
        "--disk-limit",
        type=int,
        default=600,
        help=f"MB that {ON_DISK} and its page cache may have together, by a control group; 0 for no limit",
    )
    parser.add_argument("--out", type=Path, help="write the figures of this part into this file, as JSON")
    parser.add_argument("--folder", type=Path, help="for logs and the broker's data; a new one by default")
    values = vars(parser.parse_args())
    values["part"] = part = values["part"] or "throughput"
    values["peers"] = values["peers"] or PEERS_OF_PARTS[part]
    defaults = DEFAULTS[ENGINE if values["peers"] == [ENGINE] else part]
    values.update({name: default for name, default in defaults.items() if values[name] is None})
    return SideBySideOptions(**values)


def _names(choices: Sequence[str]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        chosen = [name for name in text.split(",") if name]
        if unknown := [name for name in chosen if name not in choices]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; choose from {', '.join(choices)}")
        return chosen

    return names


def _counts(text: str) -> list[int]:
    return [int(count) for count in text.split(",")]

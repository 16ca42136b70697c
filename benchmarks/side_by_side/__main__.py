"""Does the same job by this pipeline and by its peers: `uv run python -m benchmarks.side_by_side --help`."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks.side_by_side.cells import Cell, RunPlace
from benchmarks.side_by_side.events import EventPlan
from benchmarks.side_by_side.machine import machine_document
from benchmarks.side_by_side.measure import ENGINE, PEERS, CellResult, Measurement
from benchmarks.side_by_side.peer_environment import peer_python
from benchmarks.side_by_side.segments import CHANGES
from benchmarks.side_by_side.streams_build import streams_command
from connectors.kafka.broker import LocalBroker

ENGINE_ALONE_CONTACTS = 2_000
ENGINE_ALONE_EVENTS = 20_000


def main() -> int:
    """Returns 0 when all peers ran and ended with the same memberships, else 1."""
    options = parse_arguments()
    folder: Path = options.folder or Path(tempfile.mkdtemp(prefix="leadstream-benchmark-"))
    folder.mkdir(parents=True, exist_ok=True)
    with run_place(folder, options.peers) as place:
        results = asyncio.run(measure(options, place))
    for result in results:
        report(f"\n{result}")
    if options.out:
        document = {
            "machine": machine_document(place.peer_python if place else None),
            "cells": [result.document() for result in results],
        }
        options.out.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    return 1 if any(result.failures or result.different_peers() for result in results) else 0


async def measure(options: argparse.Namespace, place: RunPlace | None) -> list[CellResult]:
    """Measures all cells that the options span."""
    measurement = Measurement(options.peers, options.rounds, options.seconds, report)
    return [await measurement.measure_cell(cell, place) for cell in cells(options)]


def cells(options: argparse.Namespace) -> Iterator[Cell]:
    """Yields every combination of kinds of events, segments and contacts."""
    for changes, segments, contacts in itertools.product(options.changes, options.segments, options.contacts):
        events = min(options.events, max(1, options.most_evaluations // segments))
        yield Cell(EventPlan(contacts, events, changes, segments))


@contextmanager
def run_place(folder: Path, peers: list[str]) -> Iterator[RunPlace | None]:
    """Yields where runs happen, with a broker of its own; None when the engine alone is measured."""
    if peers == [ENGINE]:
        yield None
        return
    python, command = peer_python(), streams_command()
    with LocalBroker(folder / "kafka") as broker:
        if broker.pid is None:
            raise RuntimeError("the broker does not run")
        yield RunPlace(broker.bootstrap, broker.pid, folder, python, command)
    broker.discard()


def report(line: str) -> None:
    """Prints a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def parse_arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side", description=__doc__)
    parser.add_argument("--peers", type=_names(PEERS), default=list(PEERS), help=f"of {', '.join(PEERS)}")
    parser.add_argument("--segments", type=_counts, default=[10, 100, 1_000, 10_000])
    parser.add_argument("--contacts", type=_counts, help="20000, of the engine alone 2000")
    parser.add_argument("--events", type=int, help="100000, of the engine alone 20000")
    parser.add_argument("--changes", type=_names(CHANGES), default=["many"], help=f"of {', '.join(CHANGES)}")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--most-evaluations",
        type=int,
        default=200_000_000,
        help="events times segments are at most so many: the events are fewer where there are many segments",
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="engine: most time for the events of a cell")
    parser.add_argument("--out", type=Path, help="write all figures to this file, as JSON")
    parser.add_argument("--folder", type=Path, help="for logs and the broker's data; a new one by default")
    options = parser.parse_args()
    is_engine_alone = options.peers == [ENGINE]
    options.contacts = options.contacts or [ENGINE_ALONE_CONTACTS if is_engine_alone else 20_000]
    options.events = options.events or (ENGINE_ALONE_EVENTS if is_engine_alone else 100_000)
    return options


def _names(choices: Sequence[str]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        chosen = [name for name in text.split(",") if name]
        if unknown := [name for name in chosen if name not in choices]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; choose from {', '.join(choices)}")
        return chosen

    return names


def _counts(text: str) -> list[int]:
    return [int(count) for count in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())

"""Does the same job by this pipeline and by its peers: `uv run python -m benchmarks.side_by_side --help`.

Without a part it measures throughput: events per CPU second and per second with everything waiting in the topics.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from benchmarks.harness import SIGTERM_CODE
from benchmarks.memory_limit import MemoryLimit, memory_limit
from benchmarks.side_by_side.cells import Cell, RunPlace
from benchmarks.side_by_side.events import EventPlan
from benchmarks.side_by_side.latency import LatencyPlan, measure_latency
from benchmarks.side_by_side.machine import machine_document
from benchmarks.side_by_side.measure import ENGINE, Measurement
from benchmarks.side_by_side.options import ON_DISK, SideBySideOptions, parse_options
from benchmarks.side_by_side.peer_environment import peer_python
from benchmarks.side_by_side.programs import is_available
from benchmarks.side_by_side.recovery import measure_recovery
from benchmarks.side_by_side.streams_build import streams_command
from connectors.kafka.broker import LocalBroker

PROBE_EVENTS = 0
"""Latency and recovery begin after the contacts' first events."""


class _Document(Protocol):
    def document(self) -> dict[str, Any]: ...


def main() -> int:
    """Returns 0 when all peers ran and ended with the same memberships, else 1."""
    options = parse_options(__doc__)
    folder = options.folder or Path(tempfile.mkdtemp(prefix="leadstream-benchmark-"))
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(SIGTERM_CODE))  # stops the processes it started, as Ctrl-C does
    with run_place(folder, options) as place:
        is_right, results = asyncio.run(PARTS[options.part](options, place))
        machine = machine_document(place.peer_python if place else None)
    if options.out:
        write_part(options.out, options.part, machine, [result.document() for result in results])
    return 0 if is_right else 1


async def measure_cells(options: SideBySideOptions, place: RunPlace | None) -> tuple[bool, list[_Document]]:
    """Measures throughput, or memory, in all cells that the options span."""
    measurement = Measurement(options.peers, options.rounds, options.seconds, report)
    results = [await measurement.measure_cell(cell, place) for cell in options.cells()]
    for result in results:
        report(f"\n{result}")
    is_right = not any(result.failures or result.different_peers() for result in results)
    return is_right, list(results)


async def measure_latencies(options: SideBySideOptions, place: RunPlace | None) -> tuple[bool, list[_Document]]:
    """Measures the latency of each peer at all rates, in the first cell."""
    plan = LatencyPlan(options.rates, options.seconds)

    async def measure(peer: str, cell: Cell, there: RunPlace) -> _Document:
        return await measure_latency(peer, cell, there, plan)

    return await _measure_live(options, place, measure)


async def measure_recoveries(options: SideBySideOptions, place: RunPlace | None) -> tuple[bool, list[_Document]]:
    """Measures the recovery of each peer with all numbers of contacts."""
    return await _measure_live(options, place, measure_recovery)


async def _measure_live(
    options: SideBySideOptions,
    place: RunPlace | None,
    measure: Callable[[str, Cell, RunPlace], Awaitable[_Document]],
) -> tuple[bool, list[_Document]]:
    if place is None:
        raise ValueError("the engine alone has neither latency nor recovery")
    results: list[_Document] = []
    is_right = True
    for contacts in options.contacts:
        plan = EventPlan(contacts, PROBE_EVENTS, options.changes[0], options.segments[0], has_probes=True)
        for peer in options.peers:
            if not is_available(peer, place):
                report(f"  {peer} is left out: java or mvn is not here")
                continue
            try:
                result = await measure(peer, Cell(plan), place)
            # One peer that fails must not take the others' figures along; the exit code tells it.
            except Exception as error:  # noqa: BLE001
                report(f"  FAILED {peer}: {error!r}")
                is_right = False
            else:
                results.append(result)
                report(f"  {result}")
    return is_right, results


@contextmanager
def run_place(folder: Path, options: SideBySideOptions) -> Iterator[RunPlace | None]:
    """Yields where runs happen, with a broker of its own; None when the engine alone is measured."""
    if options.peers == [ENGINE]:
        yield None
        return
    python, command = peer_python(), streams_command()
    with ExitStack() as stack:
        limit = stack.enter_context(_disk_limit(options))
        broker = stack.enter_context(LocalBroker(folder / "kafka"))
        if broker.pid is None:
            raise RuntimeError("the broker does not run")
        yield RunPlace(broker.bootstrap, broker.pid, folder, python, command, limit)
    broker.discard()


@contextmanager
def _disk_limit(options: SideBySideOptions) -> Iterator[MemoryLimit | None]:
    if not options.disk_limit or ON_DISK not in options.peers:
        yield None
        return
    with memory_limit(options.disk_limit) as limit:
        if limit is None:
            report(f"{ON_DISK} runs without a limit: no control group of version 1 can be made here")
        yield limit


def write_part(path: Path, part: str, machine: Mapping[str, Any], results: list[dict[str, Any]]) -> None:
    """Writes the figures of a part into a file of JSON; those of other parts stay."""
    document: dict[str, Any] = msgspec.json.decode(path.read_bytes()) if path.exists() else {}
    document |= {"machine": machine, part: results}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")


def report(line: str) -> None:
    """Prints a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


PartFunction = Callable[[SideBySideOptions, RunPlace | None], Coroutine[Any, Any, tuple[bool, list[_Document]]]]
PARTS: Mapping[str, PartFunction] = {
    "throughput": measure_cells,
    "memory": measure_cells,
    "latency": measure_latencies,
    "recovery": measure_recoveries,
}


if __name__ == "__main__":
    sys.exit(main())

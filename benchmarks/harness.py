"""The frame of every benchmark: a broker, a folder for logs, and a file for the figures."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from benchmarks.figures import write_result
from connectors.kafka.broker import LocalBroker


class BenchmarkResult(Protocol):
    """A dataclass of figures that knows whether everything was exact."""

    @property
    def exact(self) -> bool:
        """Whether nothing was wrong; times do not count."""
        ...


SIGTERM_CODE = 128 + signal.SIGTERM

MeasureFunction = Callable[[str, Path, argparse.Namespace], Awaitable[BenchmarkResult]]
"""Gets the broker's address, a folder and the parsed command line."""


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that all benchmarks have."""
    parser.add_argument("--out", type=Path, help="write the figures to this file, as JSON")
    parser.add_argument("--folder", type=Path, help="for logs; a new one by default")
    parser.add_argument("--bootstrap", help="measure on this broker; by default on a new one on this machine")


def run(measure: MeasureFunction, options: Any) -> int:
    """Runs a benchmark, prints its result and returns the exit code, which is 1 when something was not exact."""
    folder: Path = options.folder or Path(tempfile.mkdtemp(prefix="leadstream-benchmark-"))
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(SIGTERM_CODE))  # stops the processes it started, as Ctrl-C does
    with running_broker(folder, options.bootstrap) as bootstrap:
        result = asyncio.run(_run_measure(measure, bootstrap, folder, options))
    sys.stdout.write(f"{result}\nlogs: {folder}\n")
    if options.out:
        write_result(options.out, result)
    return 0 if result.exact else 1


def report_progress(line: str) -> None:
    """Writes a line of progress to standard error."""
    sys.stderr.write(line + "\n")


async def _run_measure(
    measure: MeasureFunction, bootstrap: str, folder: Path, options: argparse.Namespace
) -> BenchmarkResult:
    return await measure(bootstrap, folder, options)


@contextmanager
def running_broker(folder: Path, bootstrap: str | None) -> Iterator[str]:
    """Yields the address of a broker: `bootstrap`, or a new broker in the folder while the block runs."""
    if bootstrap is not None:
        yield bootstrap
        return
    with LocalBroker(folder / "kafka") as broker:
        yield broker.bootstrap
    broker.discard()  # only the logs of the workers and commands are worth keeping

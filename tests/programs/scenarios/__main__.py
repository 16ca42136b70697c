"""The scenarios in full size, each on its own Kafka: `uv run python -m tests.programs.scenarios --help`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from connectors.kafka.broker import LocalBroker
from tests.harness.deployment.live_deployment import live_deployment
from tests.harness.kafka.broker import fresh_prefix
from tests.programs.scenarios import backlog, big_tick, open_transaction


def main() -> int:
    """Returns exit code 0 when the scenario holds."""
    options = parse_arguments()
    folder = Path(options.folder or tempfile.mkdtemp(prefix="leadstream-scenario-"))
    with LocalBroker(folder / "kafka") as broker:
        holds, text = asyncio.run(SCENARIOS[options.scenario](broker.bootstrap, folder, options))
    sys.stdout.write(f"{text}\nlogs: {folder}\n")
    return 0 if holds else 1


def parse_arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.scenarios", description=__doc__)
    parser.add_argument("scenario", choices=sorted(SCENARIOS))
    parser.add_argument("--contacts", type=int, default=200_000, help="big-tick: how many are due at once")
    parser.add_argument("--days", type=float, default=2.0, help="backlog: how much there is")
    parser.add_argument("--hold", type=float, default=30.0, help="open-transaction: seconds, for each of two")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", help="for logs and the broker's data; a new one by default")
    return parser.parse_args()


async def run_big_tick(bootstrap: str, folder: Path, options: argparse.Namespace) -> tuple[bool, str]:
    """Returns whether the scenario holds, and its report."""
    async with live_deployment(bootstrap, fresh_prefix(), folder) as deployment:
        report = await big_tick.run(deployment, options.contacts, options.workers)
    return not report.wrong, str(report)


async def run_backlog(bootstrap: str, folder: Path, options: argparse.Namespace) -> tuple[bool, str]:
    """Returns whether the scenario holds, and its report."""
    density = backlog.BacklogSize(length=int(options.days * backlog.BacklogSize.length / 2))
    async with live_deployment(bootstrap, fresh_prefix(), folder, backlog.FOREIGN) as deployment:
        report = await backlog.run(deployment, density, options.workers)
    return not report.wrong, str(report)


async def run_open_transaction(bootstrap: str, folder: Path, options: argparse.Namespace) -> tuple[bool, str]:
    """Returns whether the scenario holds, and its report."""
    async with live_deployment(bootstrap, fresh_prefix(), folder) as deployment:
        report = await open_transaction.run(deployment, options.hold, options.workers)
    return not report.wrong, str(report)


SCENARIOS = {"big-tick": run_big_tick, "backlog": run_backlog, "open-transaction": run_open_transaction}


if __name__ == "__main__":
    sys.exit(main())

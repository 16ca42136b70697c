"""A chaos run on its own Kafka: `uv run python -m tests.programs.chaos --help`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

from connectors.kafka.broker import LocalBroker
from streams.settings import Settings
from tests.harness.kafka.broker import fresh_prefix
from tests.programs.chaos.faults import FaultPlan
from tests.programs.chaos.guards import GUARDS
from tests.programs.chaos.programs import PROGRAMS
from tests.programs.chaos.run import ChaosRun

LONG_TRANSACTIONS: dict[str, Any] = {
    "interval_ms": 0,
    "transaction_bound_ms": 60_000,
    "transaction_timeout_ms": 60_000,
}
"""Settings with which a stopped worker is nearly always inside a transaction, and commits it when it wakes."""


def main() -> int:
    """Returns exit code 0 when the oracle finds no error; with --without, when it finds one."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the producer logs a line for each retry
    options = parse_arguments()
    folder = Path(options.folder or tempfile.mkdtemp(prefix="leadstream-chaos-"))
    with LocalBroker(folder / "kafka") as broker:
        run = chaos_run(options, folder, broker)
        report = asyncio.run(run.run())
    sys.stdout.write(f"{report}\nlogs: {folder}\n")
    return int(report.verdict.holds == bool(options.without))


def parse_arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.chaos", description=__doc__)
    parser.add_argument("--program", choices=sorted(PROGRAMS), default="counting", help="what the workers run")
    parser.add_argument(
        "--contact-store", choices=("memory", "disk"), default="memory", help="where workers have their contacts"
    )
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=300.0, help="events a second")
    parser.add_argument("--kills", type=int, default=10, help="kill -9 of a worker process")
    parser.add_argument("--stops", type=int, default=3, help="SIGSTOP past the session")
    parser.add_argument("--joins", type=int, default=2, help="a worker joins, and leaves")
    parser.add_argument("--broker-restarts", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--session-ms", type=int, default=6_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--crash", type=float, default=0.0, help="chance to die between two steps of a transaction")
    parser.add_argument("--without", choices=sorted(GUARDS), help="take a guard away: then the oracle must fail")
    parser.add_argument("--folder", help="for logs and the broker's data; a new one by default")
    return parser.parse_args()


def chaos_run(options: argparse.Namespace, folder: Path, broker: LocalBroker) -> ChaosRun:
    """Returns the run for the options."""
    settings = Settings(
        bootstrap=broker.bootstrap,
        prefix=fresh_prefix(),
        partitions=options.slots,
        in_partitions=3,
        data_dir=folder / "data",
        contact_store=options.contact_store,
        heartbeat_ms=1_000,
        session_ms=options.session_ms,
        **LONG_TRANSACTIONS if options.without == "fence-first" else {},
    )
    plan = FaultPlan(
        kills=options.kills,
        stops=options.stops,
        joins=options.joins,
        broker_restarts=options.broker_restarts,
        session_seconds=options.session_ms / 1000,
        wake_in_window=options.without == "fence-first",
    )
    extra = {"CHAOS_WITHOUT": options.without or "", "CHAOS_CRASH": str(options.crash)}
    return ChaosRun(
        settings,
        folder,
        broker,
        plan,
        options.program,
        options.events,
        options.rate,
        options.workers,
        options.seed,
        extra,
    )


if __name__ == "__main__":
    sys.exit(main())

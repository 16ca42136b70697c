"""`python -m tests.programs.hand_overs`: many hand-overs against an org in which much goes wrong (run.py)."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from connectors.kafka.broker import LocalBroker
from tests.harness.salesforce.sandbox import run_sandbox
from tests.programs.hand_overs.run import HandOverRun, Trouble


def main() -> int:
    """Returns 0 when nothing is lost, doubled or wrong, and few calls were made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--handovers", type=int, default=10_000)
    parser.add_argument("--latency-ms", type=int, default=50)
    parser.add_argument("--locks", type=float, default=0.02, help="probability of a row lock, by record written")
    parser.add_argument("--timeouts", type=float, default=0.01, help="probability of a write without an answer")
    parser.add_argument("--kills", type=int, default=0, help="kill -9 of the process that hands over")
    parser.add_argument("--calm", action="store_true", help="no outage and no daily limit")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    trouble = Trouble(
        latency_ms=options.latency_ms,
        locks=options.locks,
        timeouts=options.timeouts,
        kills=options.kills,
        is_calm=options.calm,
        seed=options.seed,
    )
    with (
        tempfile.TemporaryDirectory() as name,
        LocalBroker(Path(name) / "kafka") as broker,
        run_sandbox() as org,
    ):
        run = HandOverRun(org, Path(name), options.handovers, trouble)
        return 0 if asyncio.run(run.run(broker.bootstrap)) else 1


if __name__ == "__main__":
    sys.exit(main())

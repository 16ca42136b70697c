"""`python -m tests.programs.upgrade FORMER`: upgrades a deployment of a former version under traffic (run.py).

FORMER is a folder with that version's code, such as a git worktree of its commit, after `uv sync` in it: its packages
may be others.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from connectors.kafka.broker import LocalBroker
from tests.programs.upgrade.run import UpgradeRun, report


def main() -> int:
    """Returns 0 when nothing is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("former", type=Path)
    parser.add_argument("--contacts", type=int, default=50_000)
    parser.add_argument("--rate", type=float, default=500.0)
    parser.add_argument("--calm", type=float, default=15.0, help="seconds of each part of the run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, LocalBroker(Path(name) / "kafka") as broker:
        run = UpgradeRun(options.former.absolute(), Path(name), options.contacts, options.rate, options.calm)
        wrong = asyncio.run(run.run(broker.bootstrap))
    for what, count in wrong.items():
        report(f"WRONG {count} x {what}")
    report("HOLDS" if not wrong else "DOES NOT HOLD")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

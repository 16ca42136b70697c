"""`python -m tests.programs.prometheus`: does a real Prometheus have data for every alert and panel (run.py)?"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from connectors.kafka.broker import LocalBroker
from connectors.redis.local import LocalRedis
from tests.harness.salesforce.sandbox import run_sandbox
from tests.programs.prometheus.run import run


def main() -> int:
    """Returns 0 when every expression is answered."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.prometheus", description=__doc__)
    parser.add_argument("--seconds", type=float, default=45.0, help="how long there is traffic")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="leadstream-prometheus-"))
    with LocalBroker(folder / "kafka") as broker, LocalRedis(folder / "redis") as redis, run_sandbox() as sandbox:
        report = run(broker.bootstrap, redis.url, sandbox, folder, options.seconds)
    sys.stdout.write(f"{report}\nlogs: {folder}\n")
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main())

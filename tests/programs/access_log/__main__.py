"""`python -m tests.programs.access_log FILE [INSTANTS]`: check.py for any access log, on a Kafka of its own."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from connectors.kafka.broker import LocalBroker
from schemas.values import instant_text
from tests.harness.deployment.pipeline import Pipeline
from tests.programs.access_log.check import compare


def main(log: Path, count: int) -> int:
    """Prints a line for each instant and segment; returns 1 when any differs."""
    wrong = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalBroker(Path(folder) / "kafka") as broker,
        Pipeline(broker.bootstrap, "log-", Path(folder), clock="events") as pipeline,
    ):
        pipeline.start_worker()
        for result in compare(pipeline, log, count):
            same = result.expected == result.actual
            wrong += not same
            verdict = "equal" if same else f"DIFFERS: {sorted(result.expected ^ result.actual)[:5]}"
            sys.stdout.write(
                f"{instant_text(result.at)} {result.segment:14} {len(result.actual):5} members, {verdict}\n"
            )
    sys.stdout.write("all equal\n" if not wrong else f"{wrong} differ\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 24))

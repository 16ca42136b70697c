"""`python -m tests.programs.recorded_deployment FILE`: plays story.py on a Kafka of its own and keeps its data.

Each release of the engine leaves such a file in tests/fixtures/deployments, from which later engines upgrade.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from connectors.kafka.broker import LocalBroker
from tests.harness.deployment.pipeline import Pipeline
from tests.programs.recorded_deployment import archive, story

PREFIX = "recorded-"


def main(file: Path) -> None:
    """Records the deployment."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with LocalBroker(folder / "kafka") as broker, open_recorded(broker.bootstrap, folder) as pipeline:
            pipeline.start_worker()
            pipeline.publish(story.lines(), "--ordered")
            pipeline.wait_until_settled()
        archive.pack(folder / "kafka", file)
    sys.stdout.write(f"{file}: {file.stat().st_size:,} bytes\n")


def open_recorded(bootstrap: str, folder: Path) -> Pipeline:
    """The deployment of a recording, on a broker with its data or, to record it, on an empty one."""
    return Pipeline(bootstrap, PREFIX, folder, clock="events", partitions=story.PARTITIONS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""A real worker with all numbers at their lower bounds, and with all at their upper bounds, decides an event."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.values import instant_text
from streams.clock import now_ms
from streams.environment import bounds
from streams.runtime.process.supervisor import child_environment
from streams.settings import Settings
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until

SIZES = {"partitions": 2, "in_partitions": 2, "replication": 1}
"""At the upper bounds: one broker on a small machine has no room for thousands of partitions, nor ten replicas."""

SEGMENTS = "segments: [{id: german, dynamic: true, when: {property: country, eq: DE}}]\n"


def numbers(bound: int) -> dict[str, Any]:
    """Every number among the settings -> its lower (0) or upper (1) bound."""
    values = {name: limits[bound] for name in Settings.model_fields if (limits := bounds(name)) is not None}
    return values | SIZES if bound else values


@pytest.mark.parametrize(("bound", "store"), [(0, "memory"), (1, "disk")], ids=["lower", "upper"])
def test_a_worker_at_the_bounds_decides_an_event(
    kafka: str, prefix: str, tmp_path: Path, bound: int, store: str
) -> None:
    with Pipeline(kafka, prefix, tmp_path, clock="wall", contact_store=store, **numbers(bound)) as pipeline:
        environment = {**os.environ, **child_environment(pipeline.settings)}
        command = [sys.executable, "-c", "from streams.cli.main import run; run()", "worker", "--name", "w0"]
        log = tmp_path / "w0.log"
        with log.open("wb") as out:
            worker = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        pipeline.workers["w0"] = worker
        pipeline.apply(SEGMENTS)
        event = {"id": "1", "type": "contact.changed", "at": instant_text(now_ms()), "contact": "ada"}
        pipeline.publish([{**event, "properties": {"country": "DE"}}])

        def is_member() -> bool:
            assert worker.poll() is None, log.read_text()
            return [row["contact"] for row in pipeline.read_table("segment-members").values()] == ["ada"]

        wait_until(is_member, LIMIT_SECONDS, "the event is not decided")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
        entries = [msgspec.json.decode(line) for line in log.read_bytes().splitlines() if line.startswith(b"{")]
        assert not [entry for entry in entries if entry.get("exit_code") == 78]

"""A worker that says no engine version keeps the newer version out until it is replaced."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until

FORMER_ENGINE = """
import streams.kafka.worker_groups as groups
groups.with_engine_version = lambda user_data=b"{}": user_data
"""
"""Makes a worker of today subscribe as one of the former engine does."""
SEGMENTS = "segments: [{id: german, dynamic: true, when: {property: country, eq: DE}}]\n"


def refused(pipeline: Pipeline, *arguments: str) -> str:
    """The error of a command that the former workers make refuse."""
    done = leadstream(*arguments, env=pipeline.environment)
    assert done.returncode == 78, (done.stdout, done.stderr)
    return done.stderr


def start(pipeline: Pipeline, name: str) -> None:
    log = pipeline.folder / f"{name}.log"
    before = log.read_text().count('"event": "working"') if log.exists() else 0
    pipeline.start_worker(name)
    wait_until(lambda: log.read_text().count('"event": "working"') > before, LIMIT_SECONDS, f"{name} does not work")


def test_a_newer_version_waits_for_the_last_former_worker(
    kafka: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "former").mkdir()
    (tmp_path / "former" / "sitecustomize.py").write_text(FORMER_ENGINE)
    path, other = tmp_path / "old.yaml", tmp_path / "other.yaml"
    path.write_text(SEGMENTS)
    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=2, in_partitions=1) as pipeline:
        with monkeypatch.context() as environment:
            environment.setenv("PYTHONPATH", str(tmp_path / "former"))
            start(pipeline, "w0")
        start(pipeline, "w1")
        error = refused(pipeline, "definitions", "apply", str(path))
        assert "these workers do not know engine version 4: w0-" in error
        assert "w1-" not in error
        assert json.loads(pipeline.run_command("definitions", "list", "--json").stdout) == {
            "releases": [],
            "void": [],
        }

        path.write_text("engine_version: 3\n" + SEGMENTS)
        pipeline.run_command("definitions", "apply", "--wait", str(path))
        assert "w0-" in refused(pipeline, "definitions", "upgrade")

        former = pipeline.workers.pop("w0")
        former.terminate()
        former.wait(60)
        start(pipeline, "w0")  # within the session timeout, as in a rolling upgrade
        pipeline.run_command("definitions", "upgrade", "--wait")

        other.write_text("account: other\n" + SEGMENTS)
        asyncio.run(_beside_a_former_crm_consumer(pipeline, other))
        pipeline.run_command("definitions", "apply", "--wait", str(other))


async def _beside_a_former_crm_consumer(pipeline: Pipeline, path: Path) -> None:
    settings = pipeline.settings
    consumer = AIOKafkaConsumer(
        settings.prefix + "qualified-leads",
        bootstrap_servers=settings.bootstrap,
        group_id=f"{settings.prefix}leadstream-crm",
        client_id="former-crm",
    )
    await consumer.start()
    try:
        assert "leadstream-crm" in await asyncio.to_thread(refused, pipeline, "definitions", "apply", str(path))
    finally:
        await consumer.stop()

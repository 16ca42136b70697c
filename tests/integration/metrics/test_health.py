"""Health of a worker over HTTP: what hangs is not alive, what starts is not ready, and nothing is served unasked."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from streams.kafka.topic_admin import create_topics
from streams.runtime.process.supervisor import child_environment
from streams.settings import Settings
from tests.harness.metrics.worker_metrics import WorkerMetrics, logged_address, wait_for

LIMIT_SECONDS = 60.0


def settings_of(kafka: str, prefix: str, folder: Path, **more: Any) -> Settings:
    """Settings of a small deployment."""
    values = {"partitions": 1, "in_partitions": 1, "metrics_port": 0, **more}
    return Settings(bootstrap=kafka, prefix=prefix, data_dir=folder / "run", **values)


@contextmanager
def worker(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that runs the ledger alone."""
    command = [sys.executable, "-c", "from streams.cli.main import run; run()", "worker", "--role", "ledger"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=child_environment(settings), stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(LIMIT_SECONDS)


def test_a_worker_is_ready_once_it_works_and_not_alive_while_a_process_hangs(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = settings_of(kafka, prefix, tmp_path)
    asyncio.run(create_topics(settings))
    with worker(settings, tmp_path / "log"):
        metrics = WorkerMetrics(logged_address(tmp_path / "log"))
        code, body = metrics.health("ready")
        assert (code, body["ready"]) == (503, False)
        assert metrics.health("live")[0] == 200, "what is starting does not hang"
        wait_for(lambda: metrics.health("ready")[0] == 200, "a ready worker")
        [process] = metrics.health("ready")[1]["processes"]
        assert process["role"] == "ledger"
        assert [each["slot"] for each in process["slots"]] == [0]
        assert process["ready_since"] >= process["started"]

        os.kill(process["pid"], signal.SIGSTOP)
        try:
            code, body = metrics.health("live")
            assert code == 503
            assert body["processes"][0]["problems"] == ["the process does not answer within 4 s"]
            assert metrics.total("leadstream_process_up", role="ledger") == 0
        finally:
            os.kill(process["pid"], signal.SIGCONT)
        wait_for(lambda: metrics.health("live")[0] == 200, "a worker that goes on")
        wait_for(lambda: metrics.health("ready")[0] == 200, "a worker that works again")


def test_a_process_that_waits_for_its_topics_is_alive_and_not_ready(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = settings_of(kafka, prefix, tmp_path, start_patience_ms=600_000)
    with worker(settings, tmp_path / "log"):
        metrics = WorkerMetrics(logged_address(tmp_path / "log"))
        wait_for(lambda: metrics.total("leadstream_process_up") == 1, "a process that answers")
        assert metrics.health("live")[0] == 200
        assert metrics.health("ready")[0] == 503
        asyncio.run(create_topics(settings))
        wait_for(lambda: metrics.health("ready")[0] == 200, "a ready worker")


def test_an_address_that_is_taken_ends_a_worker_with_what_to_do(kafka: str, prefix: str, tmp_path: Path) -> None:
    asyncio.run(create_topics(settings_of(kafka, prefix, tmp_path)))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = settings_of(kafka, prefix, tmp_path, metrics_port=taken.getsockname()[1])
        with worker(settings, tmp_path / "log") as process:
            assert process.wait(LIMIT_SECONDS) == 78
    log = (tmp_path / "log").read_text()
    assert "cannot serve metrics on 127.0.0.1" in log
    assert "LEADSTREAM_METRICS_PORT" in log
    assert '"event": "start"' not in log, "no process was started"


def test_other_paths_and_methods_are_refused(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = settings_of(kafka, prefix, tmp_path)
    asyncio.run(create_topics(settings))
    with worker(settings, tmp_path / "log"):
        address = logged_address(tmp_path / "log")
        assert address.startswith("127.0.0.1:")
        assert httpx.get(f"http://{address}/").status_code == 404
        assert httpx.post(f"http://{address}/metrics").status_code == 405
        answer = httpx.get(f"http://{address}/metrics", headers={"Accept": "application/openmetrics-text"})
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        assert answer.text.endswith("# EOF\n")


@pytest.mark.parametrize("host", ["0.0.0.0", "::1"])
def test_it_listens_where_it_is_told(kafka: str, prefix: str, tmp_path: Path, host: str) -> None:
    settings = settings_of(kafka, prefix, tmp_path, metrics_host=host)
    asyncio.run(create_topics(settings))
    with worker(settings, tmp_path / "log"):
        address = logged_address(tmp_path / "log").replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"http://{address}/health/live").status_code == 200

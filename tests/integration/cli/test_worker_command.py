"""`leadstream worker` starts, stops on a signal, and reports an error in one line."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.ports import free_port
from streams.kafka.topic_admin import create_topics
from streams.runtime.process.supervisor import child_environment
from streams.settings import Settings
from tests.harness.deployment.workers import wait_until

LIMIT_SECONDS = 120.0
KINDS = {"pipeline", "ledger"}
UNHURRIED: dict[str, Any] = {"transaction_bound_ms": 30_000, "transaction_timeout_ms": 60_000, "session_ms": 30_000}
"""No process ends itself and starts again because the machine is busy: one that is starting closes nothing."""


def settings_of(kafka: str, prefix: str, folder: Path, **more: object) -> Settings:
    """Returns the settings of a deployment of two slots."""
    values = {"partitions": 2, "in_partitions": 2, "clock": "events", **more}
    return Settings(bootstrap=kafka, prefix=prefix, data_dir=folder, **values)


@contextmanager
def worker(settings: Settings, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Runs the command as a process; yields it and the file of its output."""
    log = settings.data_dir / f"worker-{len(list(settings.data_dir.glob('worker-*')))}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    code = "from streams.cli.main import run; run()"
    command = [sys.executable, "-c", code, "worker", *arguments]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=child_environment(settings), stdout=out, stderr=out)
    try:
        yield process, log
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(LIMIT_SECONDS)


def kinds_logging(log: Path, event: str) -> set[str]:
    """Returns the kinds of the processes that logged an event at least once."""
    return set(re.findall(rf'"kind": "(\w+)".*"event": "{event}"', log.read_text(errors="replace")))


async def test_one_command_runs_all_roles_until_it_gets_a_signal(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = settings_of(kafka, prefix, tmp_path, **UNHURRIED)
    await create_topics(settings)
    with worker(settings, "--name", "w1") as (process, log):
        await asyncio.to_thread(
            wait_until, lambda: kinds_logging(log, "working") == KINDS, LIMIT_SECONDS, "pipeline and ledger work"
        )
        with worker(settings, "--name", "w1") as (second, second_log):
            assert await asyncio.to_thread(second.wait, LIMIT_SECONDS) == 79
            assert "a worker named w1 runs on this machine already" in second_log.read_text()
        process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(process.wait, LIMIT_SECONDS) == 0
        assert kinds_logging(log, "closed") == KINDS, log.read_text()
        assert '"event": "killed"' not in log.read_text()
        assert objects(log.read_text())  # also lines of the Kafka client, if any
        assert objects(second_log.read_text())


def objects(text: str) -> list[dict[str, Any]]:
    """Returns the lines of a worker's output; each has to be one JSON object."""
    entries = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(line, dict) and {"event", "level", "timestamp"} <= line.keys() for line in entries)
    return entries


def ends(settings: Settings, *arguments: str) -> tuple[int, str]:
    """Returns the exit code of a worker that cannot start, and its output."""
    with worker(settings, *arguments) as (process, log):
        code = process.wait(LIMIT_SECONDS)
        objects(log.read_text())
        return code, log.read_text()


async def test_without_a_broker_it_says_how_to_start_one(prefix: str, tmp_path: Path) -> None:
    settings = settings_of(f"127.0.0.1:{free_port()}", prefix, tmp_path)
    code, text = await asyncio.to_thread(ends, settings)
    assert code == 69
    assert "leadstream broker start" in text
    assert len(text.splitlines()) == 1


async def test_without_topics_it_says_how_to_make_them(kafka: str, prefix: str, tmp_path: Path) -> None:
    code, text = await asyncio.to_thread(ends, settings_of(kafka, prefix, tmp_path))
    assert code == 78
    assert "leadstream topics create" in text


async def test_it_refuses_to_start_with_other_settings_than_the_topics_were_created_with(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    await create_topics(settings_of(kafka, prefix, tmp_path))
    code, text = await asyncio.to_thread(ends, settings_of(kafka, prefix, tmp_path, partitions=3))
    assert code == 78
    assert "partitions=2" in text
    code, text = await asyncio.to_thread(ends, settings_of(kafka, prefix, tmp_path, clock="wall"))
    assert code == 78
    assert "clock=events" in text

"""A whole deployment for a test: topics, a real worker under its parent, the real commands, tables read back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from schemas.values import instant_text
from streams.app import pipeline_spec
from streams.kafka.topic_admin import create_topics
from streams.settings import Settings
from tests.harness.cli import leadstream
from tests.harness.deployment.settled import wait_until_settled
from tests.harness.kafka.topic_reader import TopicRecords, read_topic

LIMIT_SECONDS = 200.0
"""How long a condition is waited for: far more than it takes, so that a slow machine is none the worse."""


class Pipeline:
    """One deployment on a broker; `folder` takes its files. Use as a context manager: it ends its workers."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path, **settings: Any) -> None:
        self.settings = Settings(bootstrap=bootstrap, prefix=prefix, data_dir=folder / "run", **settings)
        self.folder = folder
        self.spec = pipeline_spec(self.settings)
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Pipeline:
        asyncio.run(create_topics(self.settings))
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers.values():
            worker.send_signal(signal.SIGTERM)
        for worker in self.workers.values():
            try:
                worker.wait(60)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()

    @property
    def environment(self) -> dict[str, str]:
        """What the commands of this deployment are told."""
        settings = self.settings
        return {
            "LEADSTREAM_BOOTSTRAP": settings.bootstrap,
            "LEADSTREAM_PREFIX": settings.prefix,
            "LEADSTREAM_CLOCK": settings.clock,
            "LEADSTREAM_PARTITIONS": str(settings.partitions),
            "LEADSTREAM_NORMALIZE_IDS": str(settings.normalize_ids),
            "LEADSTREAM_DATA_DIR": str(settings.data_dir),
            "LEADSTREAM_CONTACT_STORE": settings.contact_store,
            "LEADSTREAM_LATENESS_MS": str(settings.lateness_ms),
            "LEADSTREAM_REPEAT_MS": str(settings.repeat_ms),
            "LEADSTREAM_REPEAT_IDS": str(settings.repeat_ids),
            "LEADSTREAM_GRACE_MS": str(settings.grace_ms),
        }

    def run_command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command; it must succeed."""
        done = leadstream(*arguments, env=self.environment)
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done

    def apply(self, definitions: str, *options: str) -> None:
        """Applies definitions given as YAML."""
        path = self.folder / "definitions.yaml"
        path.write_text(definitions)
        self.run_command("definitions", "apply", *options, str(path))

    def publish(self, events: Sequence[Mapping[str, Any]], *options: str) -> None:
        """Publishes events as a file of JSON lines."""
        path = self.folder / "events.jsonl"
        path.write_bytes(b"\n".join(msgspec.json.encode(event) for event in events) + b"\n")
        self.run_command("publish", *options, str(path))

    def publish_access_log(self, log: Path, account: str, until: int) -> None:
        """Publishes the lines of an access log up to an instant (ms), and tells the account that it is over."""
        options = ["--format", "access-log", "--as", "contact", "--account", account, "--until", instant_text(until)]
        self.run_command("publish", *options, str(log))

    def start_worker(self, name: str = "w0", role: str = "pipeline") -> subprocess.Popen[bytes]:
        """A worker under its parent; its log lines go to a file of its name."""
        command = [sys.executable, "-c", "from streams.cli.main import run; run()"]
        command += ["worker", "--name", name, "--role", role]
        environment = {**_own_environment(), **self.environment}
        with (self.folder / f"{name}.log").open("ab") as log:
            worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self.workers[name] = worker
        return worker

    def read_records(self, topic: str) -> TopicRecords:
        """Every committed record of a topic given without prefix."""
        return asyncio.run(read_topic(self.settings.bootstrap, self.settings.prefix + topic))

    def read_table(self, topic: str) -> dict[str, Any]:
        """A compacted topic as the table it is."""
        rows: dict[str, Any] = {}
        for partition in self.read_records(topic).values():
            for record in partition:
                if record.value is None:
                    rows.pop(record.key.decode(), None)
                else:
                    rows[record.key.decode()] = msgspec.json.decode(record.value)
        return rows

    def wait_until_settled(self, timeout: float = LIMIT_SECONDS) -> None:
        """Until every published record is in the journal and everything in the journal is decided."""
        asyncio.run(wait_until_settled(self.spec, self.settings, timeout))


def wait_until(condition: Callable[[], bool], timeout: float, message: str) -> None:
    """Asks again and again; fails with `message` after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(message)
        time.sleep(0.2)


def _own_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("LEADSTREAM_")}

"""A real Kafka for integration tests: one broker for the whole run, and a topic prefix for each test."""

from __future__ import annotations

import fcntl
import os
import uuid
from pathlib import Path

from connectors.kafka.broker import LocalBroker

BOOTSTRAP_VARIABLE = "LEADSTREAM_TEST_BOOTSTRAP"
_FOLDER = "kafka"
_brokers: dict[Path, LocalBroker] = {}
"""Folder of a run -> its broker, where this process asked for it."""


def shared_kafka(run_folder: Path) -> str:
    """Returns the address of the broker that all processes of a test run share.

    The first process that asks starts it below `run_folder`; the others wait for it. `stop_shared_kafka` ends it.
    """
    elsewhere = os.environ.get(BOOTSTRAP_VARIABLE)
    if elsewhere:
        return elsewhere
    with (run_folder / f"{_FOLDER}.starting").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        broker = _brokers.setdefault(run_folder, LocalBroker(run_folder / _FOLDER))
        if broker.pid is None:
            broker.start()
        return broker.bootstrap


def stop_shared_kafka(run_folder: Path) -> None:
    """Ends the broker of a test run, by its process id; does nothing when none was started."""
    if (run_folder / _FOLDER).is_dir():
        _brokers.pop(run_folder, LocalBroker(run_folder / _FOLDER)).stop()


def fresh_prefix() -> str:
    """A topic prefix that no other test has."""
    return f"t{uuid.uuid4().hex[:10]}-"

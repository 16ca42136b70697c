"""A real Kafka for integration tests: one broker for the whole run, a prefix of its own for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.kafka.broker import LocalBroker

BOOTSTRAP_VARIABLE = "LEADSTREAM_TEST_BOOTSTRAP"


@contextmanager
def running_kafka(folder: Path) -> Iterator[str]:
    """Yields the address of a broker: a new one in `folder`, or the one that the environment names."""
    elsewhere = os.environ.get(BOOTSTRAP_VARIABLE)
    if elsewhere:
        yield elsewhere
        return
    with LocalBroker(folder) as broker:
        yield broker.bootstrap


def fresh_prefix() -> str:
    """A topic prefix that no other test has."""
    return f"t{uuid.uuid4().hex[:10]}-"

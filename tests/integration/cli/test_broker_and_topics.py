"""`leadstream broker` and `leadstream topics`, run as a user runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.kafka.broker import LocalBroker
from connectors.ports import free_port
from tests.harness.cli import leadstream


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A data folder and an address of this test alone; what was started on it is stopped."""
    yield {"LEADSTREAM_DATA_DIR": str(tmp_path), "LEADSTREAM_BOOTSTRAP": f"127.0.0.1:{free_port()}"}
    LocalBroker(tmp_path / "kafka").stop()


def test_a_broker_outlives_the_command_that_started_it(environment: dict[str, str], tmp_path: Path) -> None:
    assert leadstream("broker", "status", env=environment).returncode == 3

    started = leadstream("broker", "start", "--json", env=environment)
    assert started.returncode == 0, started.stderr
    shown = json.loads(started.stdout)
    assert shown["bootstrap"] == environment["LEADSTREAM_BOOTSTRAP"]
    assert shown["pid"] == LocalBroker(tmp_path / "kafka").pid

    again = leadstream("broker", "start", env=environment)
    assert again.returncode == 78
    assert "already runs" in again.stderr

    assert leadstream("topics", "create", "--clock", "events", env=environment).returncode == 0
    assert json.loads(leadstream("broker", "status", "--json", env=environment).stdout)["running"] is True

    assert leadstream("broker", "stop", env=environment).returncode == 0
    assert leadstream("broker", "status", env=environment).returncode == 3
    gone = leadstream("topics", "check", env=environment)
    assert gone.returncode == 69
    assert gone.stderr.count("\n") == 1
    assert "no Kafka answers" in gone.stderr

    # Kept from run to run, and thrown away when asked.
    assert (tmp_path / "kafka" / "data" / "meta.properties").exists()
    assert leadstream("broker", "stop", "--discard-data", env=environment).returncode == 0
    assert not (tmp_path / "kafka" / "data").exists()


def test_the_local_kafka_listens_on_this_machine_only(environment: dict[str, str]) -> None:
    refused = leadstream("broker", "start", "--bootstrap", "kafka.example:9092", env=environment)
    assert refused.returncode == 64
    assert "give --port" in refused.stderr


def test_topics_are_created_and_checked(kafka: str, prefix: str) -> None:
    place = {"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix}
    missing = leadstream("topics", "check", env=place)
    assert missing.returncode == 78
    assert "run `leadstream topics create`" in missing.stderr

    created = leadstream("topics", "create", "--partitions", "2", "--in-partitions", "1", "--json", env=place)
    assert created.returncode == 0, created.stderr
    assert len(json.loads(created.stdout)["created"]) == 22

    checked = leadstream("topics", "check", "--partitions", "2", "--json", env=place)
    assert checked.returncode == 0, checked.stderr
    found = json.loads(checked.stdout)
    assert found["deployment"] == {"clock": "wall", "partitions": 2}
    assert all(not topic["problems"] for topic in found["topics"])

    other = leadstream("topics", "check", "--partitions", "3", env=place)
    assert other.returncode == 78
    assert "created with partitions=2" in other.stderr

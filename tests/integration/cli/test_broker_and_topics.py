"""`leadstream broker` and `leadstream topics`, run as a user runs them."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.kafka.broker import LocalBroker
from connectors.ports import free_port
from schemas.topics import ALL_TOPICS
from tests.harness.cli import leadstream, start_leadstream
from tests.harness.deployment.pipeline import LIMIT_SECONDS, wait_until


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Yields the settings of a data folder and a port of this test alone; stops a broker started there."""
    yield {"LEADSTREAM_DATA_DIR": str(tmp_path), "LEADSTREAM_BOOTSTRAP": f"127.0.0.1:{free_port()}"}
    LocalBroker(tmp_path / "kafka").stop()


def test_a_broker_outlives_the_command_that_started_it(environment: dict[str, str], tmp_path: Path) -> None:
    assert leadstream("broker", "status", env=environment).returncode == 3

    started = leadstream("broker", "start", "--json", env=environment)
    assert started.returncode == 0, started.stderr
    status = json.loads(started.stdout)
    assert status["bootstrap"] == environment["LEADSTREAM_BOOTSTRAP"]
    assert status["pid"] == LocalBroker(tmp_path / "kafka").pid

    again = leadstream("broker", "start", env=environment)
    assert again.returncode == 78
    assert "already runs" in again.stderr

    elsewhere = environment | {"LEADSTREAM_DATA_DIR": str(tmp_path / "elsewhere")}
    for command, exit_code in (("stop", 0), ("status", 3)):
        none_here = leadstream("broker", command, env=elsewhere)
        assert none_here.returncode == exit_code
        assert f"one runs on {tmp_path / 'kafka'} at {status['bootstrap']}" in none_here.stderr
        assert f"`leadstream broker stop --data-dir {tmp_path}` stops it" in none_here.stderr
    assert (
        f"is in use by the local Kafka on {tmp_path / 'kafka'}" in leadstream("broker", "start", env=elsewhere).stderr
    )

    assert leadstream("topics", "create", "--clock", "events", env=environment).returncode == 0
    assert json.loads(leadstream("broker", "status", "--json", env=environment).stdout)["running"] is True

    assert leadstream("broker", "stop", env=environment).returncode == 0
    assert leadstream("broker", "status", env=environment).returncode == 3
    unavailable = leadstream("topics", "check", env=environment)
    assert unavailable.returncode == 69
    assert unavailable.stderr.count("\n") == 1
    assert "no Kafka answers" in unavailable.stderr

    # The data survive a stop, and --discard-data deletes them.
    assert (tmp_path / "kafka" / "data" / "meta.properties").exists()
    assert leadstream("broker", "stop", "--discard-data", env=environment).returncode == 0
    assert not (tmp_path / "kafka" / "data").exists()


def test_the_local_kafka_listens_on_this_machine_only(environment: dict[str, str]) -> None:
    refused = leadstream("broker", "start", "--bootstrap", "kafka.example:9092", env=environment)
    assert refused.returncode == 64
    assert "give --port" in refused.stderr


def test_topics_are_created_and_checked(kafka: str, prefix: str) -> None:
    environment = {"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix}
    missing = leadstream("topics", "check", env=environment)
    assert missing.returncode == 78
    assert "run `leadstream topics create`" in missing.stderr

    created = leadstream("topics", "create", "--partitions", "2", "--in-partitions", "1", "--json", env=environment)
    assert created.returncode == 0, created.stderr
    assert len(json.loads(created.stdout)["created"]) == len(ALL_TOPICS) == 26

    checked = leadstream("topics", "check", "--partitions", "2", "--json", env=environment)
    assert checked.returncode == 0, checked.stderr
    report = json.loads(checked.stdout)
    decides = {"lateness_ms": 86_400_000, "repeat_ms": 86_400_000, "repeat_ids": 256, "grace_ms": 1_000}
    assert report["deployment"] == {"clock": "wall", "partitions": 2, **decides, "normalize_ids": False}
    assert all(not topic["problems"] for topic in report["topics"])

    other = leadstream("topics", "check", "--partitions", "3", env=environment)
    assert other.returncode == 78
    assert "created with partitions=2" in other.stderr


@pytest.fixture
def empty_cache(tmp_path: Path) -> dict[str, str]:
    """The settings of a machine that has fetched nothing yet."""
    return {"LEADSTREAM_CACHE": str(tmp_path / "cache"), "M2_REPO": str(tmp_path / "m2")}


def test_ctrl_c_while_kafka_starts_leaves_none(environment: dict[str, str], tmp_path: Path) -> None:
    with start_leadstream("broker", "start", "--json", env=environment) as start:
        wait_until((tmp_path / "kafka" / "broker.json").exists, LIMIT_SECONDS, "Kafka is not started")
        start.send_signal(signal.SIGINT)
        said = start.communicate(timeout=LIMIT_SECONDS)
    assert (start.returncode, said) == (130, ("", ""))
    assert LocalBroker(tmp_path / "kafka").pid is None


def test_ctrl_c_while_kafka_is_fetched_does_not_wait_for_the_network(
    environment: dict[str, str], empty_cache: dict[str, str], tmp_path: Path
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        mirror = {"LEADSTREAM_MAVEN_MIRROR": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        with start_leadstream("broker", "start", env={**environment, **empty_cache, **mirror}) as start:
            wait_until(lambda: any((tmp_path / "cache").glob("*/.lock")), LIMIT_SECONDS, "the fetch does not begin")
            start.send_signal(signal.SIGINT)
            said = start.communicate(timeout=LIMIT_SECONDS)
    assert (start.returncode, said) == (130, ("", ""))


@pytest.mark.parametrize(
    ("mirror", "exit_code", "message"),
    [
        ("http://127.0.0.1:1", 69, "Kafka cannot be fetched, for the Maven repository does not answer"),
        ("nonsense", 78, "LEADSTREAM_MAVEN_MIRROR=nonsense cannot be used: set it to the address of a Maven"),
    ],
)
def test_without_a_repository_one_line_says_what_to_do(
    environment: dict[str, str], empty_cache: dict[str, str], mirror: str, exit_code: int, message: str
) -> None:
    where = {**environment, **empty_cache, "LEADSTREAM_MAVEN_MIRROR": mirror}
    run = leadstream("broker", "start", "--json", env=where)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (exit_code, "", 1)
    assert run.stderr.startswith(f"leadstream: {message}")


@pytest.mark.parametrize("folder", ["/proc/nowhere", "/dev/null"])
def test_a_data_folder_that_cannot_be_written_is_one_line(environment: dict[str, str], folder: str) -> None:
    where = {**environment, "LEADSTREAM_DATA_DIR": folder}
    broker = leadstream("broker", "start", env=where)
    assert (broker.returncode, broker.stdout, broker.stderr.count("\n")) == (78, "", 1)
    assert f"the folder {folder}/kafka cannot be written" in broker.stderr
    worker = leadstream("worker", env=where)
    assert worker.returncode == 78
    assert json.loads(worker.stderr)["problem"].startswith(f"cannot write to {folder}/workers: ")
    assert json.loads(worker.stderr)["problem"].endswith("; set LEADSTREAM_DATA_DIR")

"""Each line that a worker process writes to standard error is one JSON object."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    KafkaConnectionError,
    NodeNotReadyError,
    NotLeaderForPartitionError,
)

from streams.runtime.process import logs

LOGGING_PROGRAM = """
import asyncio, logging, threading, warnings
import structlog
from streams.runtime.process import logs

logs.configure("w1")
structlog.get_logger().info("start", kind="pipeline")
logging.getLogger("aiokafka.consumer.group_coordinator").error("Group Coordinator Request failed: %s", "[Error 15]")
logging.getLogger("mode.worker").info("passed over")
try:
    raise ValueError("two\\nlines")
except ValueError:
    logging.getLogger("faust.app").exception("crashed")
try:
    raise asyncio.CancelledError
except asyncio.CancelledError:
    logging.getLogger("faust.agents.actor").exception("%s Crashed reason=%r", "agent", asyncio.CancelledError())
warnings.warn_explicit("coroutine 'sleep' was never awaited", RuntimeWarning, "services.py", 884, "mode.services")
warnings.warn("old", stacklevel=1)
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()

class Bad:
    def __del__(self):
        raise RuntimeError("too late")

Bad()

async def forgotten():
    asyncio.get_running_loop().call_exception_handler({"message": "Unclosed AIOKafkaProducer", "producer": "it"})

asyncio.run(forgotten())
raise KeyError("nobody caught it")
"""


def test_every_line_is_a_json_object_whatever_writes_it() -> None:
    process = subprocess.run([sys.executable, "-c", LOGGING_PROGRAM], capture_output=True, text=True, check=False)
    assert (process.returncode, process.stdout) == (1, "")
    lines: list[dict[str, Any]] = [json.loads(line) for line in process.stderr.splitlines()]
    assert {(line["worker"], type(line["pid"]), "timestamp" in line) for line in lines} == {("w1", int, True)}
    summaries = [(line["level"], line.get("logger"), line["event"].splitlines()[0].split(": /")[0]) for line in lines]
    assert summaries[:3] == [
        ("info", None, "start"),
        ("error", "aiokafka.consumer.group_coordinator", "Group Coordinator Request failed: [Error 15]"),
        ("error", "faust.app", "crashed"),
    ]
    assert "two\nlines" in lines[2]["exception"]
    assert (lines[3]["logger"], "UserWarning: old" in lines[3]["event"]) == ("py.warnings", True)
    assert [line[2] for line in summaries[4:]] == ["uncaught", "unraisable", "Unclosed AIOKafkaProducer", "uncaught"]
    assert "ZeroDivisionError" in lines[4]["exception"]
    assert "KeyError: 'nobody caught it'" in lines[7]["exception"]


class Seconds:
    """A clock that a test moves, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def line_of(outage: logs.Outage, message: str, *arguments: object) -> str | None:
    """Returns what is written of a message; None where it is dropped."""
    record = logging.LogRecord("aiokafka", logging.ERROR, "client.py", 1, message, arguments, None)
    return record.getMessage() if outage.filter(record) else None


def test_a_broker_that_is_away_is_one_line_a_minute() -> None:
    clock = Seconds()
    outage = logs.Outage(clock)
    away = ('Unable connect to "%s:%s": %s', "127.0.0.1", 9092, "refused")
    line = line_of(outage, *away)
    assert line == 'Kafka does not answer, trying again: Unable connect to "127.0.0.1:9092": refused'
    for seconds in range(50):
        clock.now += 1
        assert line_of(outage, "Cannot send %r to %s: %r", "Produce", 0, NodeNotReadyError("0")) is None, seconds
        assert line_of(outage, "Marking the coordinator dead (node %s)for group %s.", 0, "g") is None, seconds
        assert line_of(outage, "Failed fetch messages from %s: %s", 0, KafkaConnectionError("lost")) is None, seconds
    clock.now += 10
    assert line_of(outage, "Unable to update metadata from %s", [0]) is not None


def test_a_coordinator_that_is_not_ready_at_once_is_no_error() -> None:
    clock = Seconds()
    outage = logs.Outage(clock)
    not_ready = ("Group Coordinator Request failed: %s", GroupCoordinatorNotAvailableError())
    assert line_of(outage, *not_ready) is None
    clock.now += logs.PATIENCE_SECONDS - 1
    assert line_of(outage, *not_ready) is None
    clock.now += 1
    line = line_of(outage, *not_ready)
    assert line is not None
    assert line.startswith("Kafka is not ready, trying again: Group Coordinator Request failed: [Error 15]")
    clock.now += 1_000
    for error in (GroupCoordinatorNotAvailableError(), NotLeaderForPartitionError, "NotLeaderForPartitionError"):
        assert line_of(outage, "Got error produce response on %s, retrying. Error: %s", "p", error) is None


def test_other_errors_of_the_client_are_written_as_they_are() -> None:
    outage = logs.Outage()
    for message, argument in (
        ("Attempt to join group failed due to fatal error: %s", GroupAuthorizationFailedError()),
        ("Topic %s is not authorized for this client", "visits"),
    ):
        assert line_of(outage, message, argument) == message % argument

"""A worker's log tells of a fresh Kafka and of one that goes away in a few plain lines."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from connectors.kafka.broker import LocalBroker
from connectors.ports import free_port
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until


def entries(log: Path) -> list[dict[str, Any]]:
    """Returns the lines of a log; each is one JSON object."""
    return [msgspec.json.decode(line) for line in log.read_bytes().splitlines()]


def count(log: Path, event: str) -> int:
    return sum(1 for entry in entries(log) if entry["event"] == event)


def test_a_fresh_kafka_is_no_error_and_one_that_goes_away_is_one_line_of_a_process(tmp_path: Path) -> None:
    with (
        LocalBroker(tmp_path / "kafka", free_port()) as broker,
        Pipeline(broker.bootstrap, "walk-", tmp_path, clock="events", partitions=1, in_partitions=1) as pipeline,
    ):
        pipeline.start_worker()
        log = tmp_path / "w0.log"
        wait_until(lambda: count(log, "working") == 1, LIMIT_SECONDS, "the worker does not work")
        assert [entry for entry in entries(log) if entry["level"] != "info"] == []

        pipeline.publish(
            [
                {"id": "1", "type": "contact.changed", "contact": "ada", "at": "2026-03-01T00:00:00Z", "props": {}},
                {"id": "2", "type": "web.visited", "contact": "ada", "at": "2026-03-01T00:00:00Z"},
            ]
        )
        wait_until(lambda: count(log, "events probably wrong") == 2, LIMIT_SECONDS, "nothing is said of the events")
        pipeline.publish(
            [{"id": f"{n}", "type": "web.visited", "contact": "ada", "at": "2026-03-01T00:00:00Z"} for n in (3, 4)]
        )
        pipeline.wait_until_settled()

        broker.stop()
        wait_until(lambda: count(log, "restarting") >= 1, LIMIT_SECONDS, "the worker does not end without its broker")
    counts = [entry["count"] for entry in entries(log) if entry["event"] == "events probably wrong"]
    assert counts == [1, 1, 3], log.read_text()  # the last minute's too, though the process ended by a fault
    kinds = Counter(entry["pid"] for entry in entries(log) if "logger" in entry)
    assert max(kinds.values(), default=0) <= 1, log.read_text()
    assert not [entry for entry in entries(log) if "exception" in entry], log.read_text()

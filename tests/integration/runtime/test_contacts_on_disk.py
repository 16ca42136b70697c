"""A worker with its contacts on disk: killed in the middle, it goes on from the disk, and nothing is lost."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from schemas.topics import CONTACTS_CHANGELOG, JOURNAL, Topic
from schemas.values import instant_text
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.deployment.workers import WorkerProcess
from tests.harness.engine.engine_driver import HOUR, day

DEFINITIONS = """
segments:
  - {id: often, dynamic: true, when: {visit: {}, count: {gte: 3}, within: 2d}}
  - {id: recent, dynamic: true, when: {visit: {}, within: 1d}}
"""
CONTACTS = 120


def visits(first: int, count: int) -> list[dict[str, Any]]:
    """Visits of the contacts in turn, an hour for each round."""
    return [
        {
            "type": "web.visited",
            "id": f"v{number}",
            "at": instant_text(day(0) + number // CONTACTS * HOUR),
            "contact": f"c{number % CONTACTS}",
            "url": "https://www.example.com/",
        }
        for number in range(first, first + count)
    ]


def outputs(pipeline: Pipeline) -> dict[tuple[str, str], list[Any]]:
    """Topic and key -> values in order, without the time of writing."""
    found: dict[tuple[str, str], list[Any]] = {}
    for topic in ("segment-changes", "segment-members", "contacts"):
        for partition in pipeline.read_records(topic).values():
            for record in partition:
                found.setdefault((topic, record.key.decode()), []).append(_without_time(record.value))
    return found


def replayed(pipeline: Pipeline) -> dict[tuple[str, str], list[Any]]:
    """The same of a replay in memory."""
    found: dict[tuple[str, str], list[Any]] = {}
    for line in pipeline.run_command("replay", "--journal", "--records").stdout.splitlines():
        row = msgspec.json.decode(line)
        found.setdefault((row["topic"], row["key"]), []).append(row["value"])
    return found


def _without_time(value: bytes | None) -> Any:
    return None if value is None else {k: v for k, v in msgspec.json.decode(value).items() if k != "emitted_at"}


def test_a_worker_killed_in_the_middle_goes_on_from_its_disk(kafka: str, prefix: str, tmp_path: Path) -> None:
    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=2, contact_store="disk") as pipeline:
        pipeline.apply(DEFINITIONS)
        worker = WorkerProcess("w0", pipeline.start_worker("w0"), tmp_path / "w0.log")
        pipeline.publish(visits(0, 20 * CONTACTS), "--ordered")
        for round_number in (20, 23):
            _kill_while_it_works(pipeline, worker, visits(round_number * CONTACTS, 3 * CONTACTS))
        pipeline.wait_until_settled()
        _assert_warm_restarts(worker, pipeline)
        found = outputs(pipeline)
        assert len({key for topic, key in found if topic == "contacts"}) == CONTACTS
        assert found == replayed(pipeline)
        assert json.loads(pipeline.run_command("verify", "--json").stdout)["equal"]


def _kill_while_it_works(pipeline: Pipeline, worker: WorkerProcess, events: list[dict[str, Any]]) -> None:
    before, killed = _record_count(pipeline, JOURNAL), worker.child_pid()
    with ThreadPoolExecutor() as pool:
        publication = pool.submit(pipeline.publish, events, "--ordered")
        wait_until(lambda: _record_count(pipeline, JOURNAL) > before, LIMIT_SECONDS, "the journal grows")
        assert worker.signal_child(signal.SIGKILL)
        wait_until(lambda: worker.child_pid() not in (None, killed), LIMIT_SECONDS, "its parent starts it again")
        publication.result()


def _record_count(pipeline: Pipeline, topic: Topic) -> int:
    return sum(map(len, pipeline.read_records(topic.name).values()))


def _assert_warm_restarts(worker: WorkerProcess, pipeline: Pipeline) -> None:
    """The disk began anew once for each slot; later take-overs read what the killed process had not written."""
    entries = list(worker.log_entries())
    anew = [entry["why"] for entry in entries if entry.get("event") == "contacts on disk begin anew"]
    assert anew == ["new", "new"]
    take_overs = [entry for entry in entries if entry.get("event") == "take-over" and entry["new"]]
    records = _record_count(pipeline, CONTACTS_CHANGELOG)
    assert len(take_overs) == 3
    assert records > 20 * CONTACTS // 16
    assert all(entry["rows"] < records / 4 for entry in take_overs[1:]), (take_overs, records)

"""A worker with its contacts on disk: killed in the middle, it goes on from the disk, and nothing is lost."""

from __future__ import annotations

import json
import shutil
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
        worker = _start_worker(pipeline)
        pipeline.publish(visits(0, 20 * CONTACTS), "--ordered")
        assert worker.stop() == 0
        record_count = _record_count(pipeline, CONTACTS_CHANGELOG)
        worker = _start_worker(pipeline)
        for round_number in (20, 23):
            _kill_while_it_works(pipeline, worker, visits(round_number * CONTACTS, 3 * CONTACTS))
        pipeline.wait_until_settled()
        _assert_warm_restarts(worker, _record_count(pipeline, CONTACTS_CHANGELOG) - record_count)
        found = outputs(pipeline)
        assert len({key for topic, key in found if topic == "contacts"}) == CONTACTS
        assert found == replayed(pipeline)
        assert json.loads(pipeline.run_command("verify", "--json").stdout)["equal"]


def test_a_worker_whose_folder_is_gone_restores_all_contacts_from_the_changelog(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=2, contact_store="disk") as pipeline:
        pipeline.apply(DEFINITIONS)
        worker = _start_worker(pipeline)
        pipeline.publish(visits(0, 3 * CONTACTS), "--ordered")
        assert worker.stop() == 0
        shutil.rmtree(pipeline.settings.data_dir / "contacts")
        worker = _start_worker(pipeline)
        pipeline.publish(visits(3 * CONTACTS, CONTACTS), "--ordered")
        pipeline.wait_until_settled()
        assert worker.stop() == 0
        take_overs = [entry for entry in worker.log_entries() if entry.get("event") == "take-over" and entry["new"]]
        assert [entry["rows"] >= CONTACTS for entry in take_overs] == [False, True]
        found = outputs(pipeline)
        assert len({key for topic, key in found if topic == "contacts"}) == CONTACTS
        assert found == replayed(pipeline)


def _start_worker(pipeline: Pipeline) -> WorkerProcess:
    process = pipeline.start_worker("w0")
    worker = WorkerProcess("w0", process, pipeline.folder / "w0.log")
    wait_until(lambda: worker.child_pid() is not None, LIMIT_SECONDS, "it starts")
    return worker


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


def _assert_warm_restarts(worker: WorkerProcess, later_records: int) -> None:
    """Only the first take-over began anew. After a planned stop nothing is read, after a kill what came since."""
    entries = list(worker.log_entries())
    anew = [entry["why"] for entry in entries if entry.get("event") == "contacts on disk begin anew"]
    assert anew == ["new", "new"]
    take_overs = [entry["rows"] for entry in entries if entry.get("event") == "take-over" and entry["new"]]
    assert take_overs[:2] == [0, 0]
    assert len(take_overs) == 4
    assert 0 < max(take_overs) <= later_records

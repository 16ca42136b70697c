"""A long past is counted beside the worker; whichever of the two processes is killed, each event counts once."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import msgspec

from schemas.values import instant_text
from streams.engine.journal import records
from streams.runtime.backfill.backfill import FEW_RECORDS
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.engine.engine_driver import MINUTE, day

FIRST = "segments: [{id: everybody, dynamic: true, when: {all: []}}]\n"
FREQUENT = """\
segments:
  - {id: everybody, dynamic: true, when: {all: []}}
  - {id: frequent, dynamic: true, when: {visit: {path: {eq: /pricing}}, count: {eq: 7}}}
"""
CONTACTS = 3_003
VISITS = FEW_RECORDS + 2_000
"""Contact number n has 1 + n % 7 visits of the counted page: one lost, or counted twice, changes who is a member."""


def visits() -> list[dict[str, Any]]:
    """Visits of all contacts in turn; a contact's first ones are of the counted page, 1 to 7 of them."""
    events = []
    for index in range(VISITS):
        turn, number = divmod(index, CONTACTS)
        path = "/pricing" if turn <= number % 7 else "/docs"
        event = {
            "id": f"e{index}",
            "type": "web.visited",
            "contact": f"c{number:04}",
            "url": f"https://a.example{path}",
        }
        events.append({**event, "at": instant_text(day(0) + turn * MINUTE)})
    return events


def log_values(folder: Path, event: str, name: str) -> list[Any]:
    """A field of every line of the worker's log about that event."""
    lines = (folder / "w0.log").read_bytes().splitlines()
    entries = [msgspec.json.decode(line) for line in lines if line.startswith(b"{")]
    return [entry[name] for entry in entries if entry["event"] == event]


def is_gone(pid: int) -> bool:
    """Whether there is no such process, or only its exit code."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return state.rpartition(")")[2].split()[0] == "Z"


def test_killed_processes_leave_exact_counts(kafka: str, prefix: str, tmp_path: Path) -> None:
    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=1, in_partitions=1) as pipeline:

        def await_counting_process(number: int) -> int:
            wait_until(
                lambda: len(log_values(tmp_path, "a process counts the past", "process")) >= number,
                LIMIT_SECONDS,
                f"process {number} that counts the past is there",
            )
            return int(log_values(tmp_path, "a process counts the past", "process")[number - 1])

        pipeline.start_worker()
        pipeline.apply(FIRST, "--wait")
        pipeline.publish(visits())
        pipeline.wait_until_settled()
        pipeline.apply(FREQUENT)

        os.kill(await_counting_process(1), signal.SIGKILL)
        second = await_counting_process(2)
        (cause,) = log_values(tmp_path, "counting the past again", "cause")
        assert "signal 9" in cause

        os.kill(log_values(tmp_path, "start", "pid")[-1], signal.SIGKILL)
        wait_until(lambda: is_gone(second), LIMIT_SECONDS, "the process that counts ends with its worker")
        assert log_values(tmp_path, "counted the past", "records") == []

        third = await_counting_process(3)
        pipeline.wait_until_settled()
        expected = {f"c{number:04}" for number in range(6, CONTACTS, 7)}
        wait_until(lambda: members(pipeline) == expected, LIMIT_SECONDS, "exactly the frequent visitors are members")
        assert slice_contacts(pipeline) == [f"c{number:04}" for number in range(CONTACTS)]
        wait_until(lambda: is_gone(third), LIMIT_SECONDS, "the process ends when nothing is left to count")
        assert "streaming equals batch" in pipeline.run_command("verify").stdout


def members(pipeline: Pipeline) -> set[str]:
    return {key.rpartition("/")[2] for key in pipeline.read_table("segment-members") if "/frequent/" in key}


def slice_contacts(pipeline: Pipeline) -> list[str]:
    """The contacts of all slices, in the order of the journal."""
    (partition,) = pipeline.read_records("journal").values()
    decoded = [records.decode(record.value) for record in partition if record.key == records.SLICE_KEY]
    return [name for each in decoded if isinstance(each, records.Slice) for name in each.contacts]

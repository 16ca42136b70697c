"""A release with conditions on the past is back-filled from the journal while traffic goes on (SPEC section 9)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from schemas.values import instant_text
from streams.engine.journal import records
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.engine.engine_driver import HOUR, day

FIRST = "segments: [{id: everybody, dynamic: true, when: {all: []}}]\n"
BUSY = """\
segments:
  - {id: everybody, dynamic: true, when: {all: []}}
  - {id: busy, dynamic: true, when: {visit: {}, count: {gte: 3}, within: 30d}}
  - {id: settled, dynamic: true, when: {property: city, eq: Bonn, held_for: 5d}}
"""


def visit(contact: str, at: int) -> dict[str, Any]:
    return {"id": f"{contact}-{at}", "type": "web.visited", "contact": contact, "at": instant_text(at)}


def city_change(contact: str, at: int) -> dict[str, Any]:
    fields = {"properties": {"city": "Bonn"}}
    return {"id": f"{contact}-{at}", "type": "contact.changed", "contact": contact, "at": instant_text(at), **fields}


def kinds(pipeline: Pipeline) -> list[list[str]]:
    """Returns the record types of each journal partition, without events and ticks."""
    kinds_by_partition = []
    for partition in pipeline.read_records("journal").values():
        decoded = [records.decode(record.value) for record in partition if record.value is not None]
        kinds_by_partition.append(
            [type(each).__name__ for each in decoded if not isinstance(each, records.JournalEvent | records.Tick)]
        )
    return kinds_by_partition


def members(pipeline: Pipeline, segment: str) -> set[str]:
    return {key.rpartition("/")[2] for key in pipeline.read_table("segment-members") if f"/{segment}/" in key}


def test_new_conditions_know_the_events_before_them(kafka: str, prefix: str, tmp_path: Path) -> None:
    people = [f"c{number}" for number in range(60)]
    before = [visit(name, day(0) + hour * HOUR) for hour in range(3) for name in people[: 20 * (hour + 1)]]
    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=2) as pipeline:
        pipeline.start_worker()
        pipeline.apply(FIRST, "--wait")
        pipeline.publish([*before, *(city_change(name, day(1)) for name in people[:30])])
        pipeline.wait_until_settled()
        pipeline.apply(BUSY, "--wait")
        pipeline.wait_until_settled()
        assert members(pipeline, "busy") == set(people[:20])
        assert all(
            partition_kinds == ["Marker", "Proposal", "Slice", "Marker"] for partition_kinds in kinds(pipeline)
        )

        pipeline.publish([visit(name, day(7)) for name in people[20:40]], "--until", instant_text(day(7)))
        pipeline.wait_until_settled()
        assert members(pipeline, "busy") == set(people[:40])
        assert members(pipeline, "settled") == set(people[:30])

        changes = [
            msgspec.json.decode(record.value)
            for partition in pipeline.read_records("segment-changes").values()
            for record in partition
            if record.value is not None
        ]
        busy = [(each["contact"], each["cause"]["kind"]) for each in changes if each["segment"] == "busy"]
        assert sorted(busy) == sorted(
            [(name, "definition") for name in people[:20]] + [(name, "event") for name in people[20:40]]
        )
        assert "streaming equals batch" in pipeline.run_command("verify").stdout

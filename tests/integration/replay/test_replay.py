"""`leadstream replay` of a file and of the journal gives what a worker wrote from the same events."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from schemas.values import instant_text
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.engine.engine_driver import DAY, HOUR, START

DEFINITIONS = """
properties: {employees: number}
segments:
  - {id: busy, dynamic: true, when: {visit: {}, count: {gte: 2}, within: 2d}}
  - {id: big, dynamic: true, when: {property: employees, gte: 50}}
  - {id: target, dynamic: true, when: {all: [{segment: big}, {not: {inactive_for: 3d}}]}}
  - {id: vip}
campaigns:
  - id: spring
    audience: [busy, target]
    points_changed: true
    half_life: 5d
    scoring: [{id: visit, when: {visit: {}}, points: 10, at_most: {times: 4, per: 1d}}]
    automation:
      - {id: hot, when: {points: {gte: 30}}, then: {set_status: qualified, add_to_segment: vip}}
      - {id: asleep, when: {inactive_for: 4d}, then: {set_status: rejected}}
"""
CHANGED = {
    "properties": {"employees": "number"},
    "segments": [
        {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 1}, "within": "1d"}},
        {"id": "vip"},
    ],
    "campaigns": [{"id": "spring", "audience": ["busy", "vip"], "leave": "delete", "points_changed": True}],
}
EVENT_TOPICS = ("segment-changes", "lead-changes", "qualified-leads")
TABLES = ("segment-members", "leads", "contacts")

_ValuesByKey = dict[tuple[str, str], list[Any]]


def random_lines(chance: random.Random, length: int) -> list[dict[str, Any]]:
    """Returns lines for several topics: late and invalid events, a clock line, and a change of definitions."""
    lines: list[dict[str, Any]] = []
    now = START
    for number in range(length):
        now += chance.choice((0, HOUR, 3 * HOUR))
        at = instant_text(now - chance.choice((0, 0, 0, 2 * HOUR)))
        contact = f"contact-{chance.randrange(25)}"
        kind = chance.randrange(10)
        line: dict[str, Any] = {"id": f"e{number}", "type": "web.visited", "at": at, "contact": contact}
        if kind == 0:
            line |= {"type": "contact.changed", "properties": {"employees": chance.choice((5, 80, "many"))}}
        elif kind == 1:
            line |= {"type": "contact.changed", "status": chance.choice(("active", "bounced"))}
        elif kind == 2:
            line |= {"type": "score.adjusted", "points": chance.randint(-5, 15)}
        elif kind == 3:
            line |= {"type": "segment.member_added", "segment": chance.choice(("vip", "nowhere"))}
        elif kind == 4:
            line |= {"type": "lead.reactivated", "campaign": "spring"}
        else:
            line |= {"url": "https://www.example.com/"}
        lines.append(line)
    lines.insert(length // 3, {"type": "clock.advanced", "at": instant_text(START + 2 * DAY)})
    applied = {"type": "definitions.applied", "at": instant_text(START + 9 * DAY), "definitions": CHANGED}
    lines.insert(2 * length // 3, applied)
    return lines


def without_emitted_at(value: bytes | None) -> Any:
    if value is None:
        return None
    return {key: item for key, item in msgspec.json.decode(value).items() if key != "emitted_at"}


def test_worker_journal_and_file_give_the_same_outputs(kafka: str, prefix: str, tmp_path: Path) -> None:
    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=3) as pipeline:
        pipeline.start_worker()
        pipeline.apply(DEFINITIONS, "--wait")  # one slot's events may reach another's partition before the marker
        definitions = tmp_path / "first.yaml"
        definitions.write_text(DEFINITIONS)
        pipeline.publish(random_lines(random.Random(11), 300), "--ordered")
        pipeline.wait_until_settled()
        journal = pipeline.run_command("replay", "--journal", "--records").stdout
        state = pipeline.run_command("replay", "--journal", "--state").stdout
        from_worker: _ValuesByKey = defaultdict(list)
        for topic in (*EVENT_TOPICS, *TABLES):
            for partition in pipeline.read_records(topic).values():
                for record in partition:
                    from_worker[topic, record.key.decode()].append(without_emitted_at(record.value))
        members = pipeline.read_table("segment-members")
    replayed: _ValuesByKey = defaultdict(list)
    for line in journal.splitlines():
        row = msgspec.json.decode(line)
        replayed[row["topic"], row["key"]].append(row["value"])
    assert replayed == from_worker
    assert {topic for topic, _ in from_worker} == {*EVENT_TOPICS, *TABLES}

    file = leadstream("replay", "--definitions", str(definitions), str(tmp_path / "events.jsonl"))
    assert file.returncode == 0, file.stderr
    assert per_contact([msgspec.json.decode(line) for line in file.stdout.splitlines()]) == per_contact(
        [event for (topic, _), events in from_worker.items() if topic in EVENT_TOPICS for event in events]
    )

    rows = [msgspec.json.decode(line) for line in state.splitlines()]
    replayed_members = {(row["segment"], row["contact"]) for row in rows if row["type"] == "segment.member"}
    assert replayed_members == {(row["segment"], row["contact"]) for row in members.values()}


FIRST_AND_REPEATED = """
segments:
  - {id: began-on-a, dynamic: true, when: {visit: {}, first: {path: {eq: /a}}}}
  - {id: twice-on-b, dynamic: true, when: {visit: {path: {eq: /b}}, count: {gte: 2}}}
  - {id: twice-on-c, dynamic: true, when: {visit: {path: {eq: /c}}, count: {gte: 2}}}
"""


def visit(event_id: str, hour: int, page: str) -> dict[str, Any]:
    at, url = instant_text(START + hour * HOUR), f"https://www.example.com{page}"
    return {"id": event_id, "type": "web.visited", "at": at, "contact": "ann", "url": url}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["began-on-a"]),
        ({"lateness_ms": HOUR}, []),
        ({"repeat_ms": 2 * HOUR}, ["began-on-a", "twice-on-b"]),
        ({"repeat_ids": 2}, ["began-on-a", "twice-on-b", "twice-on-c"]),
    ],
)
def test_worker_journal_file_and_explain_decide_by_the_same_settings(
    kafka: str, prefix: str, tmp_path: Path, options: dict[str, int], expected: list[str]
) -> None:
    late = [visit("b", 10, "/b"), visit("a", 7, "/a")]
    repeated = [visit("c", 10, "/c"), visit("d", 11, "/d"), visit("e", 12, "/e"), visit("c", 12, "/c")]
    repeated += [visit("f", 13, "/f"), visit("b", 13, "/b")]
    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=1, **options) as pipeline:
        pipeline.apply(FIRST_AND_REPEATED)
        pipeline.start_worker()
        pipeline.publish([*late, *repeated], "--ordered")
        pipeline.wait_until_settled()
        assert sorted(row["segment"] for row in pipeline.read_table("segment-members").values()) == expected
        journal = pipeline.run_command("replay", "--journal").stdout
        definitions, events = str(tmp_path / "definitions.yaml"), str(tmp_path / "events.jsonl")
        file = pipeline.run_command("replay", "--definitions", definitions, events).stdout
        for segment in ("began-on-a", "twice-on-b", "twice-on-c"):
            answer = msgspec.json.decode(
                pipeline.run_command("explain", "--journal", "--json", "ann", segment).stdout
            )
            assert answer["member"] is (segment in expected)
    from_journal, from_file = ([msgspec.json.decode(line) for line in text.splitlines()] for text in (journal, file))
    assert per_contact(from_journal) == per_contact(from_file)
    assert sorted(event["segment"] for event in from_file) == expected


def per_contact(events: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Returns contact -> its events in the order of their numbers, without the numbers."""
    by_contact: dict[str, list[Any]] = defaultdict(list)
    for event in sorted(events, key=lambda event: (event["number"]["offset"], event["number"]["ordinal"])):
        by_contact[event["contact"]].append({key: value for key, value in event.items() if key != "number"})
    return by_contact

"""A file published with `--ordered` on the events clock gives the same outputs per contact as its replay."""

from __future__ import annotations

import copy
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import msgspec

from schemas.values import instant_text
from streams.demo.sample import sample_document
from streams.demo.traffic import DAY, HOUR, DemoEvent, TrafficSettings, generate_traffic
from streams.replay.file import EVENT_TOPICS
from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import Pipeline

MARKET = TrafficSettings(contacts=60, days=9, tick=8 * HOUR, seed=3)
CHANGED_AFTER = 5 * DAY

_OutputsByKey = dict[str, list[dict[str, Any]]]


def lines() -> list[DemoEvent]:
    """Returns the demo's traffic, with the sample definitions first and changed ones from the fifth day on."""
    changed = copy.deepcopy(sample_document())
    by_name = {segment["id"]: segment for segment in changed["segments"]}
    by_name["pricing-interest"]["when"]["count"] = {"gte": 2}
    by_name["emea"]["when"]["in"] = ["DE", "FR"]
    all_lines: list[DemoEvent] = [applied(MARKET.begin, sample_document())]
    for event in generate_traffic(MARKET):
        if len(all_lines) > 1 and event["at"] >= instant_text(MARKET.begin + CHANGED_AFTER) and changed:
            all_lines.append(applied(MARKET.begin + CHANGED_AFTER, changed))
            changed = {}
        all_lines.append(event)
    return all_lines


def applied(at: int, document: dict[str, Any]) -> DemoEvent:
    return {"type": "definitions.applied", "at": instant_text(at), "definitions": document}


def per_contact(outputs: list[dict[str, Any]]) -> _OutputsByKey:
    """Returns contact -> its outputs in order, without the fields that may differ."""
    ordered = sorted(outputs, key=lambda each: [each["number"][key] for key in ("partition", "offset", "ordinal")])
    by_contact: _OutputsByKey = defaultdict(list)
    for output in ordered:
        comparable = {name: value for name, value in output.items() if name not in {"number", "emitted_at"}}
        by_contact[output["contact"]].append(comparable)
    return by_contact


def test_publishing_in_order_gives_what_replay_gives(kafka: str, prefix: str, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines()) + b"\n")
    replayed = leadstream("replay", str(file))
    assert replayed.returncode == 0, replayed.stderr
    expected = per_contact([msgspec.json.decode(line) for line in replayed.stdout.splitlines()])

    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=3, in_partitions=2) as deployment:
        deployment.start_worker()
        deployment.run_command("publish", "--ordered", str(file))
        deployment.wait_until_settled()
        outputs = [
            msgspec.json.decode(record.value)
            for topic in EVENT_TOPICS
            for partition in deployment.read_records(topic).values()
            for record in partition
        ]
    published = per_contact(outputs)

    counts = Counter(output["type"] for each in expected.values() for output in each)
    assert counts["segment.exited"] > 50
    assert counts["lead.handed_over"] > 5
    causes = {output["cause"]["kind"] for each in expected.values() for output in each}
    assert {"clock", "event", "definition", "automation", "audience"} <= causes
    assert published.keys() == expected.keys()
    for contact, outputs_expected in expected.items():
        assert published[contact] == outputs_expected, contact

"""SPEC section 2: what every output carries."""

from __future__ import annotations

import msgspec

from streams.engine.decisions.outputs import with_emitted_at
from tests.harness.engine.engine_driver import START, EngineDriver, day, outputs_of_topic


def test_a_value_has_emitted_at_only_when_it_is_written() -> None:
    value = b'{"a":1}'
    assert with_emitted_at(value, START) == b'{"a":1,"emitted_at":"2026-01-01T00:00:00.000Z"}'
    assert with_emitted_at(None, START) is None


def test_an_output_reads_as_the_specification_says() -> None:
    driver = EngineDriver(segments=[{"id": "all", "dynamic": True, "when": {"all": []}}])
    row = outputs_of_topic(driver.visit(day(0)), "segment-changes")[0]
    assert row == {
        "topic": "segment-changes",
        "key": "default/ann",
        "type": "segment.entered",
        "id": row["id"],
        "account": "default",
        "contact": "ann",
        "segment": "all",
        "at": "2026-01-01T00:00:00.000Z",
        "number": {"partition": 0, "offset": 1, "ordinal": 0},
        "cause": {"kind": "event", "event": "e1", "release": 1},
    }


def test_points_are_whole_numbers_where_they_are_whole() -> None:
    driver = EngineDriver(
        segments=[{"id": "all", "dynamic": True, "when": {"all": []}}],
        campaigns=[{"id": "spring", "audience": ["all"], "points_changed": True}],
    )
    driver.visit(day(0))
    first = outputs_of_topic(driver.send("score.adjusted", day(0), points=2), "lead-changes")[0]
    second = outputs_of_topic(driver.send("score.adjusted", day(0), points=0.3), "lead-changes")[0]
    assert msgspec.json.encode([first["points"], second["points"]]) == b"[2,2.3]"

"""What the release in force would surely refuse again is known before it is sent: as the engine refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from streams.store.dead_letters.release_check import refusal_by_release
from tests.harness.engine.engine_driver import START, EngineDriver

DEFINITIONS: dict[str, Any] = {
    "properties": {"employees": "number"},
    "segments": [{"id": "vip"}, {"id": "hot", "dynamic": True, "when": {"visit": {}}}],
    "campaigns": [{"id": "spring"}],
}


@pytest.mark.parametrize(
    ("type_", "fields", "code"),
    [
        ("lead.added", {"campaign": "sping"}, "unknown_campaign"),
        ("lead.added", {"campaign": "spring"}, None),
        ("lead.qualified", {"campaign": "sping"}, "unknown_campaign"),
        ("score.adjusted", {"campaign": "sping", "points": 1}, "unknown_campaign"),
        ("score.adjusted", {"points": 1}, None),
        ("segment.member_added", {"segment": "vib"}, "unknown_segment"),
        ("segment.member_removed", {"segment": "hot"}, "segment_not_static"),
        ("segment.member_added", {"segment": "vip"}, None),
        ("contact.changed", {"properties": {"employees": "many"}}, "wrong_property_type"),
        ("contact.changed", {"properties": {"city": 7}}, "wrong_property_type"),
        ("contact.changed", {"properties": {"email_domain": "x"}}, "derived_property"),
        ("contact.changed", {"properties": {"employees": 7, "other": "x"}}, None),
        ("contact.changed", {"status": "active"}, None),
        ("web.visited", {"url": "/"}, None),
    ],
)
def test_it_refuses_what_the_engine_refuses(type_: str, fields: dict[str, Any], code: str | None) -> None:
    engine = EngineDriver(**DEFINITIONS)
    engine.send(type_, START, **fields)
    assert [text.partition(":")[0] for text in engine.refused] == ([] if code is None else [code])
    refusal = refusal_by_release({"type": type_, **fields}, engine.releases[-1])
    assert (None if refusal is None else refusal.code) == code


def test_without_definitions_nothing_is_certain() -> None:
    assert refusal_by_release({"type": "lead.added", "campaign": "spring"}, None) is None

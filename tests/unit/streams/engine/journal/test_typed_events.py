"""Which events the typed decode reads by itself, and which go to their models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.journal.typed_events import EVENT_TYPES_BY_STRUCT, TypedEvent, decode_event
from streams.engine.version import EVENT_TYPES_NOT_SERVED

FIELDS: dict[str, dict[str, Any]] = {
    "contact.changed": {"properties": {"city": "Bonn", "fax": None}, "status": "active"},
    "contact.deleted": {},
    "web.visited": {"url": "/x", "title": "", "referrer": "r", "campaign": "c", "name": "n", "properties": {"p": 1}},
    "activity.recorded": {"name": "form", "visitor": False},
    "score.adjusted": {"points": 1, "campaign": "c", "score": "s", "reason": "r"},
    "lead.added": {"campaign": "c", "acquired": True},
    "lead.qualified": {"campaign": "c", "by": "eve"},
    "lead.rejected": {"campaign": "c"},
    "lead.removed": {"campaign": "c"},
    "lead.reactivated": {"campaign": "c"},
    "segment.member_added": {"segment": "vip", "by": "eve"},
    "segment.member_removed": {"segment": "vip"},
    "crm.linked": {"campaign": "c", "record": "00Q1", "member": "00v1", "hand_over": "h", "number": [1, 7, 0]},
    "crm.failed": {"campaign": "c", "code": "deleted_in_crm"},
    "crm.outcome": {"campaign": "c", "outcome": "won", "opportunity": "006", "amount": "1.5", "currency": "EUR"},
}
ENVELOPE = {"id": "e1", "at": "2026-03-01T11:00:00Z", "account": "acme", "contact": "anna"}


def event_of(type_: str, **fields: Any) -> dict[str, Any]:
    return {**ENVELOPE, "type": type_, **FIELDS[type_], **fields}


def decode(raw: dict[str, Any]) -> TypedEvent | None:
    return decode_event(json.dumps(raw).encode())


@pytest.mark.parametrize("type_", sorted(FIELDS))
def test_a_usual_event_needs_no_model(type_: str) -> None:
    raw = event_of(type_)
    event, event_type = decode(raw), EVENT_TYPES[type_]
    assert event is not None
    assert EVENT_TYPES_BY_STRUCT[type(event)] is event_type
    assert {name: getattr(event, name) for name in ENVELOPE} == ENVELOPE
    assert event_type.fields(event) == event_type.fields(event_type.validate(raw))


def test_unknown_fields_are_left_out() -> None:
    known = event_of("contact.changed")
    assert decode({**known, "colour": ["blue"], "url": 7}) == decode(known)
    assert decode_event(json.dumps(known).encode()[:-1] + b', "n": 1e400}') is None
    assert decode_event(json.dumps(known).encode()[:-1] + b', "n": "\xff"}') is None


def test_what_is_out_of_the_ordinary_is_left_to_the_models() -> None:
    assert decode(event_of("contact.changed", id="")) is None
    assert decode(event_of("contact.changed", id="", colour="blue")) is None
    assert decode(event_of("contact.changed", type="contact.erased")) is None
    assert decode(event_of("contact.changed", type=["contact.changed"])) is None
    assert decode({"id": "e1", "at": "2026-03-01T11:00:00Z"}) is None
    assert [decode_event(value) for value in (b"", b"{", b"[]", b"7", b"null", b"[[1]]", b"\xff")] == [None] * 7


def test_every_served_type_but_opportunities_has_a_struct() -> None:
    typed = {event_type.name for event_type in EVENT_TYPES_BY_STRUCT.values()}
    assert typed == set(FIELDS) == EVENT_TYPES.keys() - EVENT_TYPES_NOT_SERVED - {"opportunity.changed"}

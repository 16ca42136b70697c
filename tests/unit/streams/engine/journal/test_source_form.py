"""An event that was refused when decided can be sent again as its letter holds it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.engine.journal.effects import Append, SourceRecord
from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.journal.records import JournalEvent, decode
from streams.engine.journal.source_form import to_source_form
from streams.engine.journal.validate import EventValidator
from streams.engine.version import EVENT_TYPES_NOT_SERVED

NUMBER = {"partition": 1, "offset": 7, "ordinal": 2}
HAPPENING = {"url": "https://example.com/a?b=c", "title": "A", "campaign": "spring", "properties": {"n": 1.5}}
LEAD = {"campaign": "spring", "by": "eve"}
CRM = {"campaign": "spring", "hand_over": "h1", "number": NUMBER}

FIELDS: dict[str, dict[str, Any]] = {
    "contact.changed": {
        "properties": {"city": "Bonn", "fax": None, "big": 1e300, "list": [1, "x"]},
        "status": "bounced",
    },
    "contact.deleted": {},
    "web.visited": {**HAPPENING, "referrer": "https://example.org/"},
    "activity.recorded": {**HAPPENING, "name": "form_submitted"},
    "score.adjusted": {"points": -12.000001, "campaign": "spring", "reason": "because"},
    "lead.added": {**LEAD, "acquired": True},
    "lead.qualified": LEAD,
    "lead.rejected": LEAD,
    "lead.removed": LEAD,
    "lead.reactivated": LEAD,
    "segment.member_added": {"segment": "vip", "by": "eve"},
    "segment.member_removed": {"segment": "vip"},
    "crm.linked": {**CRM, "record": "00Q1", "member": "00v1"},
    "crm.failed": {**CRM, "code": "deleted_in_crm", "message": "gone"},
    "crm.outcome": {**CRM, "outcome": "won", "opportunity": "006", "amount": "10.50", "currency": "EUR"},
    "opportunity.changed": {
        "opportunity": "006",
        "contact": "anna",
        "modified": "2026-03-01T10:00:00.123Z",
        "version": 3,
        "won": True,
        "closed": True,
        "deleted": False,
        "amount": "123456789012.34",
        "currency": "EUR",
        "lead_campaign": "spring",
        "close_date": "2026-03-01",
    },
}


def journaled(type_: str, key: bytes, value: bytes) -> JournalEvent:
    """What the door makes of a record of the type's topic."""
    outcome = EventValidator("events").validate(SourceRecord(EVENT_TYPES[type_].topic, 0, 5, None, key, value, (), 9))
    assert isinstance(outcome, Append), outcome
    event = decode(outcome.value)
    assert isinstance(event, JournalEvent)
    return event


@pytest.mark.parametrize("type_", sorted(EVENT_TYPES.keys() - EVENT_TYPES_NOT_SERVED))
def test_the_form_received_is_the_same_event_when_it_is_sent_again(type_: str) -> None:
    sent = {"id": "e1", "type": type_, "at": "2026-03-01T11:00:00.5+01:00", "account": "acme", **FIELDS[type_]}
    event = journaled(type_, b"anna", json.dumps(sent).encode())
    again = to_source_form(event)
    assert journaled(type_, event.owner.encode(), again) == event
    told = json.loads(again)
    assert told.keys() <= sent.keys() | {EVENT_TYPES[type_].owner, "campaign"}
    assert told["at"] == "2026-03-01T10:00:00.500Z"


def test_points_are_written_as_people_write_them() -> None:
    sent = {"id": "e1", "type": "score.adjusted", "at": "2026-03-01T11:00:00Z", "points": 2.5}
    event = journaled("score.adjusted", b"anna", json.dumps(sent).encode())
    assert (event.fields["points"], json.loads(to_source_form(event))["points"]) == (2_500_000, 2.5)

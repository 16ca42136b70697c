"""The source form of a journal event can be published again as the same event."""

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
ACTIVITY = {"url": "https://example.com/a?b=c", "title": "A", "campaign": "spring", "properties": {"n": 1.5}}
LEAD = {"campaign": "spring", "by": "eve"}
CRM = {"campaign": "spring", "hand_over": "h1", "number": NUMBER}

FIELDS: dict[str, dict[str, Any]] = {
    "contact.changed": {
        "properties": {"city": "Bonn", "fax": None, "big": 1e300, "list": [1, "x"]},
        "status": "bounced",
    },
    "contact.deleted": {},
    "web.visited": {**ACTIVITY, "referrer": "https://example.org/"},
    "activity.recorded": {**ACTIVITY, "name": "form_submitted"},
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
    "crm.outcome": {
        **{**CRM, "outcome": "won", "opportunity": "006", "amount": "10.50", "currency": "EUR"},
        "amounts": {"EUR": "10.50", "USD": "1"},
        "opportunity_state": {"outcome": "lost", "currency": "USD", "amount": "3"},
    },
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
        "released": True,
    },
}


def to_journal_event(type_: str, key: bytes, value: bytes) -> JournalEvent:
    """The journal event of a record of the type's topic."""
    result = EventValidator("events").validate(SourceRecord(EVENT_TYPES[type_].topic, 0, 5, None, key, value, (), 9))
    assert isinstance(result, Append), result
    event = decode(result.value)
    assert isinstance(event, JournalEvent)
    return event


@pytest.mark.parametrize("type_", sorted(EVENT_TYPES.keys() - EVENT_TYPES_NOT_SERVED))
def test_the_source_form_published_again_is_the_same_event(type_: str) -> None:
    source = {"id": "e1", "type": type_, "at": "2026-03-01T11:00:00.5+01:00", "account": "acme", **FIELDS[type_]}
    event = to_journal_event(type_, b"anna", json.dumps(source).encode())
    republished = to_source_form(event)
    assert to_journal_event(type_, event.owner.encode(), republished) == event
    fields = json.loads(republished)
    assert fields.keys() <= source.keys() | {EVENT_TYPES[type_].owner, "campaign"}
    assert fields["at"] == "2026-03-01T10:00:00.500Z"


def test_points_are_decimal_numbers_in_the_source_form() -> None:
    source = {"id": "e1", "type": "score.adjusted", "at": "2026-03-01T11:00:00Z", "points": 2.5}
    event = to_journal_event("score.adjusted", b"anna", json.dumps(source).encode())
    assert (event.fields["points"], json.loads(to_source_form(event))["points"]) == (2_500_000, 2.5)

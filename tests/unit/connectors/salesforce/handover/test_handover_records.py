"""The connector reads hand-overs as the engine writes them."""

from __future__ import annotations

import json

import msgspec
import pytest

from connectors.salesforce.handover.coercion import FieldNote
from connectors.salesforce.handover.handover_records import HandOverResult, LeadHandOverNumber, parse_handover
from schemas.events.crm import CrmLinked
from schemas.outputs.handovers import LeadHandedOver
from tests.harness.salesforce.handovers import lead_of


def test_a_hand_over_of_the_engine_can_be_read() -> None:
    document = {
        "id": "h1",
        "type": "lead.handed_over",
        "at": "2026-03-01T10:00:00.000Z",
        "account": "default",
        "contact": "ada",
        "number": {"partition": 1, "offset": 2, "ordinal": 3},
        "cause": {"kind": "event", "event": "e1"},
        "campaign": {"id": "spring", "name": "Spring", "salesforce": {"campaign": "701xx0000000001AAA"}},
        "lead": {"status": "qualified", "points": 100, "made": "2026-03-01T10:00:00.000Z"},
        "points": 100,
        "snapshot": {"status": "active", "properties": {"email": "a@b.example"}, "score": 0, "scores": {}},
        "emitted_at": "2026-03-01T10:00:00.100Z",
    }
    value = json.dumps(document).encode()
    LeadHandedOver.model_validate_json(value)
    handover = parse_handover(value)
    assert (handover.key, str(handover.number), handover.campaign.id) == ("default/ada", "1/2/3", "spring")
    assert handover.snapshot.properties == {"email": "a@b.example"}


def test_an_update_of_the_engine_can_be_read() -> None:
    document = {
        "id": "u1",
        "type": "lead.updated",
        "at": "2026-03-01T10:00:00.000Z",
        "account": "default",
        "contact": "ada",
        "number": {"partition": 1, "offset": 2, "ordinal": 3},
        "campaign": {"id": "spring", "name": "Spring"},
        "lead": {"status": "rejected", "points": 100, "made": "2026-03-01T10:00:00.000Z", "record": "00Q1"},
        "occasions": ["lead.rejected", "property/phone"],
        "snapshot": {"status": "active", "properties": {}},
        "do_not_sync": True,
    }
    update = parse_handover(json.dumps(document).encode())
    assert (update.is_update, update.do_not_sync, update.lead.record) == (True, True, "00Q1")
    assert update.occasions == ("lead.rejected", "property/phone")
    with pytest.raises(msgspec.DecodeError):
        parse_handover(json.dumps({**document, "type": "lead.imagined"}).encode())


def test_an_answer_is_an_event_of_crm_results() -> None:
    note = FieldNote("City", "cut", "longer than 40 characters")
    event = HandOverResult(lead_of(retry=2), "linked", record="00Q1", notes=(note,)).to_event("2026-03-01T10:00:00Z")
    linked = CrmLinked.model_validate(event)
    assert (linked.retry, linked.number) == (2, (0, 1, 0))
    assert [(each.field, each.note, each.reason) for each in linked.notes] == [
        ("City", "cut", "longer than 40 characters")
    ]


def test_the_id_of_an_answer_without_a_retry_is_what_it_was() -> None:
    update = HandOverResult(lead_of(update=("contact.status",)), "failed", code="A").to_event("2026-03-01T10:00:00Z")
    assert update["update"] is True
    event = HandOverResult(lead_of(), "linked", record="00Q1").to_event("2026-03-01T10:00:00Z")
    assert "update" not in event
    assert event["id"] == "732e02c9de989c5ae06095d29fd3697c"
    assert event.keys() & {"retry", "notes"} == set()


@pytest.mark.parametrize("text", [None, "", "1/2", "1/2/x", "1/\u00b2/3", "\u0661/2/3", "-1/2/3", "1//3"])
def test_what_somebody_typed_into_the_number_of_a_lead_is_no_number(text: str | None) -> None:
    assert LeadHandOverNumber.parse(text) is None

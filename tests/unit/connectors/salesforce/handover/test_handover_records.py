"""The connector reads hand-overs as the engine writes them."""

from __future__ import annotations

import json

from connectors.salesforce.handover.handover_records import parse_handover
from schemas.outputs.handovers import LeadHandedOver


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

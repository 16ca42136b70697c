"""The summary of a run, for machines."""

from __future__ import annotations

import json
from decimal import Decimal

from streams.demo.sample import sample_definitions, sample_document
from streams.demo.state import DemoState, OpportunityTotal, Revenue
from streams.demo.summary import summary
from streams.engine.validation import validate_definitions


def test_the_summary_says_what_the_state_holds() -> None:
    state = DemoState(begin=0, end=1_000, simulated_instant=500, published_count=12, duplicate_count=1)
    state.dead_letter_codes["wrong_property_type"] = 2
    state.members["vip"] = {"ann"}
    state.entered_counts["vip"], state.exited_counts["vip"] = 3, 2
    state.lead_statuses["webinar"] = {"ann": "qualified"}
    state.hand_over_counts["webinar"], state.crm_link_counts["webinar"] = 1, 1
    state.revenue[("webinar", "EUR")] = Revenue(won=OpportunityTotal(1, Decimal("10.50")))
    result = json.loads(json.dumps(summary(state, sample_definitions())))
    assert (result["events_published"], result["violations"], result["dead_letters"]) == (12, 1, 2)
    assert result["dead_letter_codes"] == {"wrong_property_type": 2}
    assert result["simulated_until"] == "1970-01-01T00:00:00.500Z"
    assert result["segments"]["vip"] == {"members": 1, "entered": 3, "exited": 2}
    webinar = result["campaigns"]["webinar"]
    assert webinar["leads"]["qualified"] == 1
    assert (webinar["handed_over"], webinar["in_crm"]) == (1, 1)
    assert webinar["revenue"]["EUR"]["won"] == {"count": 1, "amount": "10.50"}


def test_the_sample_definitions_have_no_fault() -> None:
    checked = validate_definitions(sample_document())
    assert checked.problems == []
    assert checked.definitions == sample_definitions()

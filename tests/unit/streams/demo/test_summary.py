"""The summary of a run, for machines."""

from __future__ import annotations

import json
from decimal import Decimal

from streams.demo.environment import sample_definitions, sample_document
from streams.demo.state import Revenue, State, Sum
from streams.demo.summary import summary
from streams.engine.validation import check


def test_the_summary_says_what_the_state_holds() -> None:
    state = State(begin=0, end=1_000, simulated=500, published=12, duplicates=1, dead_letters=2)
    state.members["vip"] = {"ann"}
    state.entered["vip"], state.exited["vip"] = 3, 2
    state.leads["webinar"] = {"ann": "qualified"}
    state.handed_over["webinar"], state.linked["webinar"] = 1, 1
    state.revenue[("webinar", "EUR")] = Revenue(won=Sum(1, Decimal("10.50")))
    told = json.loads(json.dumps(summary(state, sample_definitions())))
    assert (told["events_published"], told["violations"], told["dead_letters"]) == (12, 1, 2)
    assert told["simulated_until"] == "1970-01-01T00:00:00.500Z"
    assert told["segments"]["vip"] == {"members": 1, "entered": 3, "exited": 2}
    webinar = told["campaigns"]["webinar"]
    assert webinar["leads"]["qualified"] == 1
    assert (webinar["handed_over"], webinar["in_crm"]) == (1, 1)
    assert webinar["revenue"]["EUR"]["won"] == {"count": 1, "amount": "10.50"}


def test_the_sample_definitions_have_no_fault() -> None:
    checked = check(sample_document())
    assert checked.problems == []
    assert checked.definitions == sample_definitions()

"""Opportunities in a file: revenue, and the outcome on the lead they came from."""

from __future__ import annotations

import json
from typing import Any

from streams.engine.journal.effects import Output
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.publish.lines import Line, parse_json_lines
from streams.replay.file import FileReplay

CRM_CAMPAIGN = "701000000000001AAA"
SPRING: dict[str, Any] = {"id": "spring", "salesforce": {"campaign": CRM_CAMPAIGN}}
DEFINITIONS: dict[str, Any] = {"account": "default", "campaigns": [SPRING, {"id": "autumn"}]}
ADDED = {"id": "e1", "type": "lead.added", "at": "2026-01-01T00:00:00Z", "contact": "ann", "campaign": "spring"}


def opportunity(at: str, **fields: Any) -> dict[str, Any]:
    row = {"id": f"o {at}", "type": "opportunity.changed", "at": at, "opportunity": "0061", "modified": at}
    return {**row, "amount": "100", "currency": "EUR", "contact": "ann", "lead_campaign": "spring", **fields}


def replay(*lines: dict[str, Any]) -> list[Output]:
    outputs: list[Output] = []
    refusals: list[str] = []
    file_lines = [Line(f"file:{number}", json.dumps(line).encode()) for number, line in enumerate(lines, 1)]
    FileReplay({"default": DEFINITIONS}, DEFAULT_ENGINE_SETTINGS, outputs.append, refusals.append).run(
        parse_json_lines(file_lines)
    )
    assert refusals == []
    return outputs


def test_a_won_opportunity_is_revenue_and_shows_in_its_lead() -> None:
    outputs = replay(
        ADDED,
        opportunity("2026-01-02T00:00:00Z"),
        opportunity("2026-01-03T00:00:00Z", won=True, closed=True),
    )
    rows: dict[str, dict[str, Any]] = {}
    for output in outputs:
        rows[output.topic] = json.loads(output.value or b"")
    assert rows["campaign-revenue"]["won"] == {"count": 1, "amount": "100"}
    assert rows["leads"]["crm"]["outcome"] == "won"


def test_the_release_maps_a_crm_campaign_to_a_campaign() -> None:
    definitions = {"campaigns": [{"id": "spring"}, {"id": "autumn", "salesforce": {"campaign": CRM_CAMPAIGN}}]}
    outputs = replay(
        opportunity("2026-01-02T00:00:00Z", contact=None, lead_campaign=None, crm_campaign=CRM_CAMPAIGN, won=True),
        {"type": "definitions.applied", "at": "2026-01-03T00:00:00Z", "definitions": definitions},
    )
    totals = {output.key: json.loads(output.value or b"")["won"]["amount"] for output in outputs}
    assert totals == {b"default/spring/EUR": "0", b"default/autumn/EUR": "100"}

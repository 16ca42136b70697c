"""The page on campaigns is correct: its reports and its outcomes are what its events leave."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from streams.engine.journal.effects import Output
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.publish.lines import Line, parse_json_lines
from streams.replay.file import FileReplay
from streams.reports.campaign_report import CampaignReport, ReportScope, report_by_campaign, report_by_source
from streams.reports.report_text import report_lines
from streams.store.outputs.tables import RevenueKey, RowKey, decode_reported_lead, decode_revenue
from tests.harness.docs.guide import blocks, parse_yaml
from tests.harness.project_files import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "docs" / "campaigns.md").read_text()
BLOCKS = {block.kind: block.text for block in blocks(TEXT)}
DEFINITIONS = parse_yaml(BLOCKS["yaml definitions"])


@cache
def outputs() -> list[Output]:
    """Returns what the events of the page leave."""
    written: list[Output] = []
    refusals: list[str] = []
    run = FileReplay({"default": DEFINITIONS}, DEFAULT_ENGINE_SETTINGS, written.append, refusals.append)
    lines = BLOCKS["json events"].splitlines()
    run.run(parse_json_lines(Line(f"line {number}", line.encode()) for number, line in enumerate(lines, 1)))
    assert refusals == []
    return written


def values(topic: str) -> list[tuple[bytes, bytes]]:
    return [(output.key, output.value or b"") for output in outputs() if output.topic == topic]


def report(scope: ReportScope) -> list[str]:
    """Returns the lines of a report on an account with these tables."""
    leads = {RowKey(*key.decode().split("/", 2)): decode_reported_lead(value) for key, value in values("leads")}
    if scope.by == "source":
        contacts = [json.loads(value) for _, value in values("contacts")]
        sources = {row["contact"]: row["properties"]["source"] for row in contacts if "source" in row["properties"]}
        lines, total = report_by_source(scope, sources, leads)
    else:
        rows = values("campaign-revenue")
        revenue = {RevenueKey(*key.decode().split("/")): decode_revenue(value) for key, value in rows}
        campaigns = [each["id"] for each in DEFINITIONS["campaigns"]]
        lines, total = report_by_campaign(scope, campaigns, leads, revenue)
    names = {each["id"]: each["name"] for each in DEFINITIONS["campaigns"] if "name" in each}
    return report_lines(CampaignReport("default", 1, scope, lines, names, total), 70)


def test_the_report_of_the_page_is_that_of_its_events() -> None:
    assert report(ReportScope()) == BLOCKS["text report"].splitlines()


def test_the_report_by_source_is_that_of_its_events() -> None:
    assert report(ReportScope(by="source")) == BLOCKS["text report by source"].splitlines()


def test_the_outcomes_of_the_page_are_those_that_the_lead_hears() -> None:
    told: list[dict[str, Any]] = [json.loads(value) for _, value in values("crm-results")]
    shown = [json.loads(line) for line in BLOCKS["json outcomes"].splitlines()]
    assert [{name: outcome[name] for name in shown[0]} for outcome in told] == shown

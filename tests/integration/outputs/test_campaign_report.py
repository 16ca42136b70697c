"""`leadstream campaigns report` beside a worker, as a user runs it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.engine.ledger_driver import AUTUMN, SPRING
from tests.harness.kafka.broker import fresh_prefix

DEFINITIONS = f"""
segments:
  - {{id: german, dynamic: true, when: {{property: country, eq: DE}}}}
  - {{id: french, dynamic: true, when: {{property: country, eq: FR}}}}
campaigns:
  - id: spring
    name: Spring trial
    audience: [german]
    auto_qualify: true
    salesforce: {{campaign: {SPRING}}}
  - id: autumn
    audience: [french]
    salesforce: {{campaign: {AUTUMN}}}
"""

AT = "2026-03-01T10:00:00Z"


def contact(name: str, country: str, source: str | None) -> dict[str, Any]:
    properties = {"country": country} | ({} if source is None else {"source": source})
    return {"id": f"c-{name}", "type": "contact.changed", "at": AT, "contact": name, "properties": properties}


def linked(name: str) -> dict[str, Any]:
    event = {"id": f"l-{name}", "type": "crm.linked", "at": "2026-03-01T11:00:00Z", "contact": name}
    return {**event, "campaign": "spring", "record": f"00Q{name}"}


def opportunity(name: str, amount: str, **fields: Any) -> dict[str, Any]:
    at = "2026-03-01T12:00:00Z"
    event = {"id": f"{name}-{amount}", "type": "opportunity.changed", "at": at, "modified": at, "opportunity": name}
    return {**event, "amount": amount, "currency": "EUR", **fields}


EVENTS = [
    contact("ada", "DE", "trade fair"),
    contact("bob", "DE", "web"),
    contact("cid", "DE", "web"),
    contact("eva", "FR", None),
    linked("ada"),
    linked("bob"),
    opportunity("o1", "1200.10", crm_campaign=SPRING, contact="ada", campaign="spring", won=True, closed=True),
    opportunity("o2", "0.05", crm_campaign=SPRING, contact="ada", campaign="spring", won=True, closed=True),
    opportunity("o3", "300", crm_campaign=SPRING, contact="bob", campaign="spring"),
    # Nobody's lead: it counts for the campaign alone.
    opportunity("o4", "50000.01", crm_campaign=AUTUMN, won=True, closed=True),
]


@pytest.fixture(scope="module")
def place(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A worker of all roles that has decided the events."""
    folder = tmp_path_factory.mktemp("report")
    with Pipeline(kafka, fresh_prefix(), folder, clock="events", partitions=2) as pipeline:
        pipeline.start_worker(role="all")
        pipeline.apply(DEFINITIONS, "--wait")
        pipeline.publish([*EVENTS, {"type": "clock.advanced", "at": "2026-03-02T00:00:00Z"}], "--ordered")
        pipeline.wait_until_settled()
        wait_until(lambda: outcomes(pipeline) == {"ada": "won", "bob": "open"}, LIMIT_SECONDS, "the outcomes")
        wait_until(lambda: "default/autumn/EUR" in pipeline.read_table("campaign-revenue"), LIMIT_SECONDS, "revenue")
        yield pipeline


def outcomes(pipeline: Pipeline) -> dict[str, str]:
    rows = pipeline.read_table("leads").values()
    return {row["contact"]: row["crm"]["outcome"] for row in rows if "outcome" in row.get("crm", {})}


def report(place: Pipeline, *options: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(place.run_command("campaigns", "report", "--json", *options).stdout)
    return document


def test_each_campaign_shows_its_leads_and_its_revenue_to_the_cent(place: Pipeline) -> None:
    document = report(place)
    spring, autumn = document["lines"]
    assert (spring["campaign"], spring["name"], spring["leads"]) == ("spring", "Spring trial", 3)
    assert spring["pushed"] == {"count": 3, "linked": 2, "refused": 0, "waiting": 1}
    assert spring["outcomes"] == {"won": 1, "open": 1, "lost": 0}
    assert spring["revenue"][0]["won"] == {"count": 2, "amount": "1200.15"}
    assert (autumn["leads"], autumn["pushed"]["count"]) == (1, 0)
    assert autumn["revenue"][0]["won"] == {"count": 1, "amount": "50000.01"}
    assert document["total"]["revenue"][0]["won"] == {"count": 3, "amount": "51200.16"}


def test_each_source_shows_what_its_leads_brought(place: Pipeline) -> None:
    document = report(place, "--by", "source")
    lines = {line["source"]: line for line in document["lines"]}
    assert list(lines) == ["web", "trade fair", None]
    assert lines["trade fair"]["revenue"][0]["won"] == {"count": 1, "amount": "1200.15"}
    assert lines["web"]["revenue"][0]["open"] == {"count": 1, "amount": "300"}
    assert lines[None]["revenue"] == []


def test_csv_and_text_show_the_same(place: Pipeline) -> None:
    rows = list(csv.DictReader(io.StringIO(place.run_command("campaigns", "report", "--csv").stdout)))
    assert [(row["campaign"], row["won_amount"]) for row in rows] == [("spring", "1200.15"), ("autumn", "50000.01")]
    narrow = {**place.environment, "COLUMNS": "70"}
    text = leadstream("campaigns", "report", "--campaign", "spring", env=narrow).stdout
    assert text.splitlines() == [
        "campaign spring (Spring trial)",
        "  leads     3, 3 qualified",
        "  points    mean 0.0, median 0.0, most 0.0",
        "  pushed    3 (100.0 %), 2 linked, 1 waiting",
        "  outcome   1 won (33.3 %), 1 open, 0 lost",
        "  EUR       won 1,200.15 (2), open 300.00 (1), lost 0.00 (0)",
    ]


def test_leads_made_later_bring_nothing_before(place: Pipeline) -> None:
    assert report(place, "--since", "2026-03-02T00:00:00Z")["total"]["leads"] == 0
    assert report(place, "--until", "2026-03-02T00:00:00Z")["total"]["leads"] == 4


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--campaign", "sprung"), "there is no campaign 'sprung' - did you mean spring?"),
        (("--by", "sauce"), "--by: there is no report by 'sauce'"),
        (("--json", "--csv"), "--json and --csv exclude each other"),
        (("--since", "2026-03-02T00:00:00Z", "--until", "2026-03-01T00:00:00Z"), "--until: has to be after --since"),
        (("--account", "acme"), "account 'acme' has no definitions"),
    ],
)
def test_what_cannot_be_reported_is_said_in_one_line(place: Pipeline, options: tuple[str, ...], error: str) -> None:
    done = leadstream("campaigns", "report", *options, env=place.environment)
    assert done.returncode == 64
    assert error in done.stderr
    assert len(done.stderr.splitlines()) == 1

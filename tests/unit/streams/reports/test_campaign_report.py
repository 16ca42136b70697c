"""What campaigns and sources brought, from rows of tables."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.values import instant_ms
from streams.reports.campaign_report import CampaignReport, ReportScope, report_by_campaign, report_by_source
from streams.store.outputs.tables import CrmFacts, ReportedLead, RevenueKey, RevenueSums, RowKey, TableRevenue

MARCH, APRIL = "2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z"
EUR = RevenueKey("default", "spring", "EUR")


def lead(status: str = "active", points: float = 0, made: str = MARCH, **crm: Any) -> ReportedLead:
    return ReportedLead(status, points, made, CrmFacts(**crm))


def leads(**by_place: ReportedLead) -> dict[RowKey, ReportedLead]:
    """Leads by `campaign_contact`."""
    return {RowKey("default", *name.split("_")): each for name, each in by_place.items()}


CAMPAIGNS = ReportScope()


def report(
    scope: ReportScope = CAMPAIGNS,
    rows: dict[RowKey, ReportedLead] | None = None,
    revenue: dict[RevenueKey, TableRevenue] | None = None,
    sources: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The report's JSON values, its lines by their names."""
    if scope.by == "source":
        lines, total = report_by_source(scope, sources or {}, rows or {})
    else:
        lines, total = report_by_campaign(scope, ["spring", "autumn"], rows or {}, revenue or {})
    document = CampaignReport("default", 3, scope, lines, {"spring": "Spring trial"}, total).to_dict()
    return {**document, "lines": {line[scope.by]: line for line in document["lines"]}}


def test_leads_count_by_status_and_by_what_became_of_their_hand_over() -> None:
    rows = leads(
        spring_ada=lead("qualified", record="00Q1"),
        spring_bob=lead("qualified", code="INVALID_EMAIL_ADDRESS"),
        spring_cid=lead("qualified"),
        spring_dan=lead("rejected", record="00Q2"),
        spring_eve=lead("active"),
        spring_fay=lead("deleted"),
        spring_gus=lead("duplicate"),
        spring_hal=lead("qualified", record="00Q3", code="deleted_in_crm"),
    )
    kept_back = leads(autumn_ada=lead("qualified", code="do_not_sync"))
    kept_back |= leads(autumn_bob=lead("qualified", code="do_not_sync", record="00Q4"))
    lines = report(rows=rows | kept_back)["lines"]
    assert lines["autumn"]["pushed"] == {"count": 1, "linked": 1, "refused": 0, "waiting": 0}
    line = lines["spring"]
    assert line["name"] == "Spring trial"
    assert line["leads"] == 8
    assert line["statuses"] == {"active": 1, "qualified": 4, "rejected": 1, "duplicate": 1, "deleted": 1}
    assert line["pushed"] == {"count": 5, "linked": 2, "refused": 2, "waiting": 1}
    assert line["conversion"] == {"pushed": 0.625, "won": 0.0}


def test_points_are_of_leads_that_are_not_deleted() -> None:
    rows = leads(
        spring_ada=lead(points=10),
        spring_bob=lead(points=1),
        spring_cid=lead(points=4),
        spring_dan=lead("deleted", 99),
    )
    document = report(rows=rows)
    assert document["lines"]["spring"]["points"] == {"mean": 5, "median": 4, "most": 10}
    assert document["lines"]["autumn"]["points"] is None


def test_outcomes_count_leads_and_a_deleted_one_is_none() -> None:
    rows = leads(
        spring_ada=lead("qualified", outcome="won", record="r"),
        spring_bob=lead("qualified", outcome="open", record="r"),
        spring_cid=lead("qualified", outcome="deleted", record="r"),
        autumn_ada=lead("qualified", outcome="lost", record="r"),
    )
    document = report(rows=rows)
    assert document["lines"]["spring"]["outcomes"] == {"won": 1, "open": 1, "lost": 0}
    assert document["lines"]["spring"]["conversion"]["won"] == 0.3333
    assert document["total"]["outcomes"] == {"won": 1, "open": 1, "lost": 1}


def test_revenue_of_a_campaign_is_its_rows_to_the_cent() -> None:
    rows = leads(spring_ada=lead("qualified", outcome="won", amount="5", currency="EUR", record="r"))
    large = "99999999999999999999999999999.99"
    revenue = {
        EUR: TableRevenue(won=RevenueSums(2, large), open=RevenueSums(1, "0.10")),
        RevenueKey("default", "spring", "USD"): TableRevenue(lost=RevenueSums(1, "7")),
        RevenueKey("default", "winter", "EUR"): TableRevenue(won=RevenueSums(1, "0.02")),
    }
    document = report(rows=rows, revenue=revenue)
    assert document["revenue_of"] == "campaigns"
    assert document["lines"]["spring"]["revenue"] == [
        {
            "currency": "EUR",
            "won": {"count": 2, "amount": large},
            "open": {"count": 1, "amount": "0.1"},
            "lost": {"count": 0, "amount": "0"},
        },
        {
            "currency": "USD",
            "won": {"count": 0, "amount": "0"},
            "open": {"count": 0, "amount": "0"},
            "lost": {"count": 1, "amount": "7"},
        },
    ]
    assert document["total"]["revenue"][0]["won"] == {"count": 3, "amount": "100000000000000000000000000000.01"}


def test_campaigns_come_in_the_order_of_the_definitions_then_those_that_were_once_defined() -> None:
    rows = leads(winter_ada=lead(), old_ada=lead())
    assert list(report(rows=rows)["lines"]) == ["spring", "autumn", "old", "winter"]


def test_one_campaign_alone() -> None:
    rows = leads(spring_ada=lead())
    revenue = {EUR: TableRevenue(won=RevenueSums(1, "7")), EUR._replace(campaign="autumn"): TableRevenue()}
    document = report(ReportScope(campaign="spring"), rows, revenue)
    assert list(document["lines"]) == ["spring"]
    assert document["total"]["revenue"][0]["won"] == {"count": 1, "amount": "7"}


def test_a_source_has_the_revenue_that_its_leads_were_told() -> None:
    rows = leads(
        spring_ada=lead("qualified", outcome="won", amount="5.50", currency="EUR", record="r"),
        autumn_ada=lead("qualified", outcome="open", amount="1", currency="EUR", record="r"),
        spring_bob=lead("qualified", outcome="won", amount="2", currency="USD", amounts={"EUR": "1", "USD": "2"}),
        spring_cid=lead("qualified", outcome="won", amount="ten", record="r"),
        spring_dan=lead(),
        spring_eve=lead(),
    )
    sources = {"ada": "trade fair", "bob": "trade fair", "cid": "web", "eve": "web"}
    document = report(ReportScope(by="source"), rows, {EUR: TableRevenue(won=RevenueSums(9, "900"))}, sources)
    assert document["revenue_of"] == "leads"
    assert list(document["lines"]) == ["trade fair", "web", None]
    euro, dollar = document["lines"]["trade fair"]["revenue"]
    assert (euro["won"], euro["open"]) == ({"count": 1, "amount": "6.5"}, {"count": 1, "amount": "1"})
    assert dollar["won"] == {"count": 1, "amount": "2"}
    assert document["lines"]["web"]["revenue"][0]["won"] == {"count": 1, "amount": "0"}
    assert document["lines"][None]["leads"] == 1
    assert document["total"]["leads"] == 6


@pytest.mark.parametrize(
    ("since", "until", "count"), [(MARCH, None, 2), (APRIL, None, 1), (None, APRIL, 1), (MARCH, APRIL, 1)]
)
def test_leads_of_some_time_bring_their_own_revenue(since: str | None, until: str | None, count: int) -> None:
    won: dict[str, Any] = {"outcome": "won", "amount": "3", "currency": "EUR", "record": "r"}
    rows = leads(spring_ada=lead("qualified", **won), spring_bob=lead("qualified", made=APRIL, **won))
    ends = [None if text is None else instant_ms(text) for text in (since, until)]
    document = report(ReportScope("campaign", None, *ends), rows, {EUR: TableRevenue(won=RevenueSums(9, "900"))})
    assert document["revenue_of"] == "leads"
    assert document["total"]["leads"] == count
    assert document["total"]["revenue"][0]["won"] == {"count": count, "amount": str(3 * count)}

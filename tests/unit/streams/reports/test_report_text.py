"""A report as a table, as blocks where the table does not fit, and as CSV."""

from __future__ import annotations

import csv
import io

import pytest

from streams.reports.campaign_report import CampaignReport, ReportScope, report_by_campaign, report_by_source
from streams.reports.report_text import report_csv, report_lines
from streams.store.outputs.tables import CrmFacts, ReportedLead, RevenueKey, RevenueSums, RowKey, TableRevenue

MADE = "2026-03-01T00:00:00.000Z"


def campaigns() -> CampaignReport:
    leads = {
        RowKey("default", "spring", "ada"): ReportedLead("qualified", 40, MADE, CrmFacts(record="r", outcome="won")),
        RowKey("default", "spring", "bob"): ReportedLead("active", 5.5, MADE),
        RowKey("default", "autumn", "ada"): ReportedLead("rejected", 0, MADE, CrmFacts(code="X")),
    }
    revenue = {
        RevenueKey("default", "spring", "EUR"): TableRevenue(RevenueSums(1, "12400.5"), RevenueSums(2, "0.001")),
        RevenueKey("default", "autumn", "USD"): TableRevenue(lost=RevenueSums(1, "7")),
    }
    scope = ReportScope()
    lines, total = report_by_campaign(scope, ["spring", "autumn"], leads, revenue)
    return CampaignReport("default", 1, scope, lines, {"spring": "Spring trial"}, total)


def sources(*names: str) -> CampaignReport:
    scope = ReportScope(by="source")
    leads = {RowKey("default", "spring", str(number)): ReportedLead("active", 0, MADE) for number in range(3)}
    lines, total = report_by_source(scope, {str(number): name for number, name in enumerate(names)}, leads)
    return CampaignReport("default", 1, scope, lines, {}, total)


def test_a_wide_terminal_shows_a_table_with_all_amounts_exact() -> None:
    lines = report_lines(campaigns(), 200)
    assert len({len(line) for line in lines}) == 1
    cells = [line.split("  ") for line in lines]
    rows = {row[0].strip(): [cell.strip() for cell in row if cell.strip()][1:] for row in cells}
    heads = rows["campaign"]
    assert dict(zip(heads, rows["spring"], strict=True)) == {
        **{"leads": "2", "active": "1", "qualified": "1", "rejected": "0", "points": "22.8", "pushed": "1 (50.0 %)"},
        **{"linked": "1", "refused": "0", "waiting": "0", "won leads": "1", "open leads": "0", "lost leads": "0"},
        **{"won EUR": "12,400.50", "open EUR": "0.001", "lost EUR": "0.00"},
        **{"won USD": "0.00", "open USD": "0.00", "lost USD": "0.00"},
    }
    assert dict(zip(heads, rows["all"], strict=True))["lost USD"] == "7.00"


def test_a_narrow_terminal_shows_a_block_for_each_line() -> None:
    assert report_lines(campaigns(), 60) == [
        "campaign spring (Spring trial)",
        "  leads     2, 1 active, 1 qualified",
        "  points    mean 22.8, median 22.8, most 40.0",
        "  pushed    1 (50.0 %), 1 linked",
        "  outcome   1 won (50.0 %), 0 open, 0 lost",
        "  EUR       won 12,400.50 (1), open 0.001 (2),",
        "            lost 0.00 (0)",
        "",
        "campaign autumn",
        "  leads     1, 1 rejected",
        "  points    mean 0.0, median 0.0, most 0.0",
        "  pushed    1 (100.0 %), 1 refused",
        "  outcome   0 won, 0 open, 0 lost",
        "  USD       won 0.00 (0), open 0.00 (0), lost 7.00 (1)",
        "",
        "all",
        "  leads     3, 1 active, 1 qualified, 1 rejected",
        "  points    mean 15.2, median 5.5, most 40.0",
        "  pushed    2 (66.7 %), 1 linked, 1 refused",
        "  outcome   1 won (33.3 %), 0 open, 0 lost",
        "  EUR       won 12,400.50 (1), open 0.001 (2),",
        "            lost 0.00 (0)",
        "  USD       won 0.00 (0), open 0.00 (0), lost 7.00 (1)",
    ]


@pytest.mark.parametrize("width", [60, 79, 120, 160, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, report_lines(campaigns(), width))) <= width


def test_csv_has_a_row_for_each_line_and_currency() -> None:
    rows = list(csv.DictReader(io.StringIO(report_csv(campaigns()))))
    assert [(row["campaign"], row["leads"], row["currency"], row["won_amount"]) for row in rows] == [
        ("spring", "2", "EUR", "12400.5"),
        ("autumn", "1", "USD", "0"),
    ]
    assert (rows[0]["pushed_share"], rows[0]["open"], rows[0]["open_amount"]) == ("0.5", "2", "0.001")
    assert all(None not in row and None not in row.values() for row in rows)


def test_a_source_is_text_of_anybody_and_no_formula_and_no_escape_sequence() -> None:
    report = sources('=HYPERLINK("x")', "a\x1b[2Jb")
    names = [row["source"] for row in csv.DictReader(io.StringIO(report_csv(report)))]
    assert names == ['\'=HYPERLINK("x")', "a\x1b[2Jb", ""]
    assert all(line.isprintable() for line in report_lines(report, 60))
    assert "source (none)" in report_lines(report, 60)

"""What an account's campaigns, or the sources of its contacts, brought: one line each, and the sum of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from schemas.values import instant_ms
from streams.reports.tally import Tally
from streams.store.outputs.tables import ReportedLead, RevenueKey, RowKey, TableRevenue

LineSubject = Literal["campaign", "source"]
RevenueBasis = Literal["campaigns", "leads"]
"""Whose revenue it is: all of the campaigns, or what the leads at hand were told."""


@dataclass(frozen=True, slots=True)
class ReportScope:
    """What is reported: by campaign or by source, of one campaign alone, of leads made in [since, until) (ms)."""

    by: LineSubject = "campaign"
    campaign: str | None = None
    since: int | None = None
    until: int | None = None

    @property
    def is_cohort(self) -> bool:
        """Whether only leads of some time are meant."""
        return self.since is not None or self.until is not None

    @property
    def revenue_basis(self) -> RevenueBasis:
        """The table of revenue knows no source and no instant at which a lead was made."""
        return "leads" if self.by == "source" or self.is_cohort else "campaigns"

    def includes(self, lead: ReportedLead) -> bool:
        """Whether the lead was made within the time."""
        if not self.is_cohort:
            return True
        made = instant_ms(lead.creation)
        return (self.since is None or made >= self.since) and (self.until is None or made < self.until)


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """The lines by campaign or source, in order; None is the line of contacts without a source."""

    account: str
    release: int
    scope: ReportScope
    lines: Mapping[str | None, Tally]
    names: Mapping[str, str]
    """Names of the campaigns that have one."""
    total: Tally

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        by = self.scope.by
        names = {"name": self.names} if by == "campaign" else {}
        return {
            "account": self.account,
            "release": self.release,
            "by": by,
            "revenue_of": self.scope.revenue_basis,
            "lines": [
                {by: name, **{key: each.get(str(name), "") for key, each in names.items()}, **tally.to_dict()}
                for name, tally in self.lines.items()
            ],
            "total": self.total.to_dict(),
        }


def report_by_campaign(
    scope: ReportScope,
    campaigns: Iterable[str],
    leads: Mapping[RowKey, ReportedLead],
    revenue: Mapping[RevenueKey, TableRevenue],
) -> tuple[dict[str | None, Tally], Tally]:
    """Returns the lines and their sum: campaigns in the order of the definitions, then those of earlier ones."""
    lines: dict[str | None, Tally] = {name: Tally() for name in campaigns if scope.campaign in (None, name)}
    earlier: dict[str, Tally] = {}
    total = Tally()

    def line(name: str) -> Tally:
        return lines[name] if name in lines else earlier.setdefault(name, Tally())

    has_lead_revenue = scope.revenue_basis == "leads"
    for key, lead in leads.items():
        if scope.includes(lead):
            for tally in (line(key.subject), total):
                tally.add_lead(lead, with_revenue=has_lead_revenue)
    if not has_lead_revenue:
        for revenue_key, row in revenue.items():
            if scope.campaign in (None, revenue_key.campaign):
                for tally in (line(revenue_key.campaign), total):
                    tally.revenue.add_row(revenue_key.currency, row)
    return {**lines, **dict(sorted(earlier.items()))}, total


def report_by_source(
    scope: ReportScope, sources: Mapping[str, str], leads: Mapping[RowKey, ReportedLead]
) -> tuple[dict[str | None, Tally], Tally]:
    """Returns the lines and their sum: sources with the most leads first, contacts without a source last."""
    lines: dict[str | None, Tally] = {}
    total = Tally()
    for key, lead in leads.items():
        if scope.includes(lead):
            for tally in (lines.setdefault(sources.get(key.contact), Tally()), total):
                tally.add_lead(lead, with_revenue=True)
    order = sorted(lines.items(), key=lambda item: (item[0] is None, -item[1].leads, item[0] or ""))
    return dict(order), total

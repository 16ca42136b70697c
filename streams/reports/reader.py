"""Reads what a report needs from the tables and makes it."""

from __future__ import annotations

from streams.engine.releases.release_log import Release
from streams.progress import ProgressCallback
from streams.reports.campaign_report import CampaignReport, ReportScope, report_by_campaign, report_by_source
from streams.settings import Settings
from streams.store.outputs.tables import read_reported_leads, read_revenue, read_sources


async def read_report(
    settings: Settings, release: Release, scope: ReportScope, on_progress: ProgressCallback
) -> CampaignReport:
    """The report on an account as it stands. Raises BrokerUnavailable, TopicsMissing."""
    definitions = release.definitions
    account = definitions.account
    leads = await read_reported_leads(settings, account, scope.campaign, on_progress)
    if scope.by == "source":
        lines, total = report_by_source(scope, await read_sources(settings, account, on_progress), leads)
    else:
        revenue = await read_revenue(settings, account, on_progress) if scope.revenue_basis == "campaigns" else {}
        lines, total = report_by_campaign(scope, [each.id for each in definitions.campaigns], leads, revenue)
    names = {each.id: each.name for each in definitions.campaigns if each.name}
    return CampaignReport(account, release.number, scope, lines, names, total)

"""`leadstream campaigns report`: what each campaign, or each source of contacts, brought."""

from __future__ import annotations

import asyncio
import shutil
from typing import Annotated, cast, get_args

import typer

from streams.cli.console import progress_bar, write_json, write_line, write_note
from streams.cli.options import (
    BootstrapOption,
    JsonOption,
    PrefixOption,
    parse_account,
    parse_time_option,
    settings_from,
)
from streams.errors import UsageError
from streams.hints import suggestion
from streams.reports.campaign_report import CampaignReport, LineSubject, ReportScope
from streams.reports.reader import read_report
from streams.reports.report_text import report_csv, report_lines
from streams.store.outputs.definitions import require_campaign, require_release

NARROWEST, WIDEST = 60, 200

CampaignOption = Annotated[str | None, typer.Option("--campaign", metavar="CAMPAIGN", help="Only this campaign.")]
LineOption = Annotated[str, typer.Option("--by", metavar="campaign|source", help="What a line is.")]
MadeSinceOption = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Only leads made at or after this instant.")
]
MadeUntilOption = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Only leads made before it.")]
AccountOption = Annotated[str, typer.Option("--account", help="Whose campaigns.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Write CSV to standard output.")]


def report(
    *,
    campaign: CampaignOption = None,
    by: LineOption = "campaign",
    since: MadeSinceOption = None,
    until: MadeUntilOption = None,
    account: AccountOption = "default",
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Show what campaigns brought: leads, hand-overs, won and lost opportunities, revenue; or by source.

    Scans the table `leads`, and `campaign-revenue` or, by source, `contacts`. Revenue by source, and of leads made in
    some time, is that of the opportunities of those leads.
    """
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    if by not in get_args(LineSubject):
        raise UsageError(f"--by: there is no report by {by!r}{suggestion(by, get_args(LineSubject))}")
    scope = ReportScope(
        cast(LineSubject, by), campaign, parse_time_option("--since", since), parse_time_option("--until", until)
    )
    if scope.since is not None and scope.until is not None and scope.since >= scope.until:
        raise UsageError("--until: has to be after --since")
    account = parse_account(account)
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    release = asyncio.run(require_release(settings, account))
    with progress_bar(quiet=as_json or as_csv) as advance:
        shown = asyncio.run(read_report(settings, release, scope, advance))
    if campaign is not None and not shown.total.leads and not shown.total.revenue.sums:
        require_campaign(release, campaign)
    if as_json:
        write_json(shown.to_dict())
    elif as_csv:
        write_line(report_csv(shown).removesuffix("\n"))
    else:
        _write_text(shown)


def _write_text(shown: CampaignReport) -> None:
    if not shown.lines:
        write_note("there is no lead" if shown.scope.by == "source" else "there is no campaign")
        return
    width = min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)
    for line in report_lines(shown, width):
        write_line(line)
    if shown.scope.revenue_basis == "leads" and shown.total.revenue.sums:
        write_note("revenue is that of these leads' opportunities, by the outcome of the lead")

"""`leadstream leads list`: the leads as they stand, from the table `leads`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, get_args

import typer

from schemas.definitions import LeadStatus
from streams.cli.console import progress_bar, write_columns, write_json
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, parse_account, settings_from
from streams.cli.outputs.pages import DEFAULT_LIMIT, LimitOption, SkipOption, page, write_count
from streams.errors import UsageError
from streams.hints import suggestion
from streams.settings import Settings
from streams.store.outputs.tables import RowKey, TableLead, read_leads

CampaignArgument = Annotated[str | None, typer.Argument(metavar="[CAMPAIGN]", help="Only this campaign's leads.")]
StatusOption = Annotated[
    list[str] | None, typer.Option("--status", help="Only leads in this status; may be repeated.")
]
LeadsAccountOption = Annotated[str, typer.Option("--account", help="Whose leads.")]


def list_leads(
    campaign: CampaignArgument = None,
    *,
    status: StatusOption = None,
    limit: LimitOption = DEFAULT_LIMIT,
    skip: SkipOption = 0,
    account: LeadsAccountOption = "default",
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """List leads with status and points, by campaign and contact.

    Scans the table `leads`; the counts by campaign and status are of all that fit, not of the page alone.
    """
    for each in status or []:
        if each not in get_args(LeadStatus):
            raise UsageError(f"--status: there is no status {each!r}{suggestion(each, get_args(LeadStatus))}")
    account = parse_account(account)
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    with progress_bar(quiet=as_json) as advance:
        table = asyncio.run(read_leads(settings, account, campaign, advance))
    if not table:
        _require_names(settings, account, campaign)
    leads = {key: lead for key, lead in table.items() if not status or lead.status in status}
    counts = _counts(leads)
    rows = page(list(leads.items()), limit, skip)
    if as_json:
        write_json(
            {"account": account, "count": len(leads), "by_campaign": counts, "leads": list(map(_to_dict, rows))}
        )
        return
    write_columns([_columns(*row) for row in rows])
    told = (
        f"{name}: {', '.join(f'{count} {state}' for state, count in states.items())}"
        for name, states in counts.items()
    )
    write_count(len(leads), "lead", limit, skip, "; ".join(told))


def _require_names(settings: Settings, account: str, campaign: str | None) -> None:
    """Where there are no leads a name may be mistyped. Releases are slow to import and read, so they come only then.

    Raises UsageError for an account without definitions, and for a campaign that its release does not have.
    """
    from streams.store.outputs.definitions import require_campaign, require_release  # noqa: PLC0415 - see above

    release = asyncio.run(require_release(settings, account))
    if campaign is not None:
        require_campaign(release, campaign)


def _counts(leads: Mapping[RowKey, TableLead]) -> dict[str, dict[str, int]]:
    """Campaign -> status -> how many."""
    pairs = Counter((key.subject, lead.status) for key, lead in leads.items())
    counts: dict[str, dict[str, int]] = {}
    for (campaign, state), count in sorted(pairs.items()):
        counts.setdefault(campaign, {})[state] = count
    return counts


def _to_dict(row: tuple[RowKey, TableLead]) -> dict[str, Any]:
    key, lead = row
    return {
        "campaign": key.subject,
        "contact": key.contact,
        "status": lead.status,
        "points": lead.points,
        "made": lead.creation,
        "changed": lead.change,
    }


def _columns(key: RowKey, lead: TableLead) -> list[str]:
    points = f"{round(lead.points, 6):.10g} points"
    return [key.subject, key.contact, lead.status, points, f"made {lead.creation}", f"changed {lead.change}"]

"""`leadstream salesforce reconcile`: compares revenue with the org's own opportunities, one by one and by sums."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.console import plural, progress_bar, write_columns, write_json, write_line, write_note
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
from streams.clock import now_ms
from streams.errors import UsageError

if TYPE_CHECKING:
    from agents.crm.opportunities.reconciler import ReconcileReport
    from connectors.salesforce.opportunities.reconciliation import OpportunityDifference

ReconcileAccountOption = Annotated[str | None, typer.Option("--account", help="Only what this account owns.")]
RepairOption = Annotated[bool, typer.Option("--repair", help="Write the events that mend the differences.")]
UnseenOption = Annotated[
    bool,
    typer.Option(
        "--unseen-as-deleted",
        help="With --repair: what Salesforce neither shows nor names as deleted counts as deleted, too.",
    ),
]
_POLLS = 2
"""So many times the pause between polls a change may take until it is on the topic."""
_KINDS = {
    "missed": "the ledger does not have it",
    "differs": "the ledger has another state",
    "other_account": "the ledger has it for another account",
    "counted_twice": "the ledger counts it for a second account",
    "gone": "it is deleted for good",
    "unseen": "Salesforce does not show it: deleted for good long ago, or hidden from the integration user",
}


def reconcile(
    *,
    account: ReconcileAccountOption = None,
    repair: RepairOption = False,
    unseen_as_deleted: UnseenOption = False,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare revenue with Salesforce: each opportunity that is ours, and the org's own sums by campaign.

    Reads the whole ledger, and everything of ours in the org. What was polled a moment ago is waited for. Ends with 0
    when nothing differs or all is repaired, else with 1.
    """
    from agents.crm.opportunities.reconciler import Repair  # noqa: PLC0415 - Salesforce's client is slow to import
    from agents.crm.opportunities.reconciler import reconcile as compare  # noqa: PLC0415 - Salesforce's client is slow to import
    from streams.store.outputs.definitions import require_release  # noqa: PLC0415 - so is the engine's validation

    if unseen_as_deleted and not repair:
        raise UsageError("--unseen-as-deleted says what --repair may write: add --repair")
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    if account is not None:
        asyncio.run(require_release(settings, account))
    with progress_bar(quiet=as_json) as advance:
        wanted = Repair(repair, unseen_as_deleted)
        reports = asyncio.run(compare(settings, account=account, repair=wanted, on_progress=advance))
    if as_json:
        write_json([report.to_dict() for report in reports])
    else:
        for report in reports:
            _write_report(report)
            _note_recent(report, settings.salesforce_poll_ms)
    if not all(report.is_equal for report in reports):
        raise typer.Exit(1)


def _write_report(report: ReconcileReport) -> None:
    repaired = {id(each) for each in report.repaired}
    for each in report.differences:
        mark = "; repaired" if id(each) in repaired else ""
        write_line(f"{each.opportunity} {each.account}: {_KINDS[each.kind]}{_fields(each)}{mark}")
    if report.sums:
        write_line("sums that differ:")
        write_columns(
            [
                ("account", "campaign", "currency", "kind", "ledger", "Salesforce"),
                *(
                    (each.account, each.crm_campaign, each.currency, each.kind, str(each.ledger), str(each.org))
                    for each in report.sums
                ),
            ]
        )
    compared = plural(report.opportunities, "opportunity").replace("opportunitys", "opportunities")
    found = plural(len(report.differences), "difference")
    write_line(f"{report.org}: {compared} compared in {plural(report.requests, 'request')}, {found}")
    if report.repaired:
        write_note(
            f"{plural(len(report.repaired), 'repair')} written to crm-opportunities; the ledger takes them now"
        )


def _note_recent(report: ReconcileReport, poll_ms: int) -> None:
    """Says which differences a poll that is due may end by itself."""
    start = datetime.fromtimestamp(now_ms() / 1000 - _POLLS * poll_ms / 1000, UTC)
    repaired = {id(each) for each in report.repaired}
    shown = [each for each in report.differences if each.org is not None and id(each) not in repaired]
    recent = [each for each in shown if _modified(each) >= start]
    if recent:
        seconds = _POLLS * poll_ms // 1000
        what = f"{len(recent)} of them changed within the last {seconds} s"
        write_note(f"note: {what}: the next poll may bring them; run this again")


def _modified(difference: OpportunityDifference) -> datetime:
    return datetime.fromisoformat(str(difference.mends[-1]["modified"]))


def _fields(difference: OpportunityDifference) -> str:
    if difference.kind != "differs" or difference.ledger is None or difference.org is None:
        return ""
    org = difference.org
    parts = (f"{name} {_text(value)}, in Salesforce {_text(org[name])}" for name, value in difference.ledger.items())
    return f": {', '.join(parts)}"


def _text(value: Any) -> str:
    return "none" if value is None else str(value)

"""`leadstream salesforce refused`: which leads Salesforce refused, and another try for them."""

from __future__ import annotations

import asyncio
import getpass
from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.console import plural, progress_bar, write_columns, write_json, write_line, write_note
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, parse_account, settings_from
from streams.cli.outputs.pages import DEFAULT_LIMIT, LimitOption, SkipOption, page, write_count
from streams.errors import UsageError
from streams.kafka.deployment import require_deployment
from streams.store.handovers.refusals import RefusalFilter, RefusedLead, read_refused
from streams.store.handovers.retry import RetryPlan, plan_retry, request_retries

if TYPE_CHECKING:
    from streams.settings import Settings

RefusedAccountOption = Annotated[str | None, typer.Option("--account", help="Only leads of this account.")]
RefusedCampaignOption = Annotated[
    list[str] | None, typer.Option("--campaign", help="Only leads of this campaign; may be repeated.")
]
RefusalCodeOption = Annotated[
    list[str] | None, typer.Option("--code", help="Only refusals with this code; may be repeated.")
]
RefusedContactsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[CONTACT]...", help="The refused leads of these contacts.")
]
AllOption = Annotated[bool, typer.Option("--all", help="All refused leads that fit the other options.")]
RetryByOption = Annotated[str | None, typer.Option("--by", help="Who asks for it; by default who runs this command.")]
RetryYesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_MAX_NAMES = 5


def list_refused(
    *,
    campaign: RefusedCampaignOption = None,
    code: RefusalCodeOption = None,
    limit: LimitOption = DEFAULT_LIMIT,
    skip: SkipOption = 0,
    account: RefusedAccountOption = None,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """List hand-overs and updates of leads that Salesforce refused and has not taken since.

    A line names the lead, the code, since when it is refused, how often it was retried, and the message.

    Scans the topics `leads` and `crm-results`. The counts by code are of all that fit, not of the page alone.
    """
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    leads = _read(settings, _filter(account, campaign, code, ()), as_json=as_json)
    by_code = dict(Counter(each.code for each in leads).most_common())
    rows = page(leads, limit, skip)
    if as_json:
        write_json({"count": len(leads), "by_code": by_code, "refused": list(map(_to_dict, rows))})
        return
    write_columns([_columns(each) for each in rows])
    codes = ", ".join(f"{name} {count}" for name, count in by_code.items())
    write_count(len(leads), "refusal", limit, skip, codes)


def retry_refused(
    contacts: RefusedContactsArgument = None,
    *,
    is_all: AllOption = False,
    campaign: RefusedCampaignOption = None,
    code: RefusalCodeOption = None,
    account: RefusedAccountOption = None,
    by: RetryByOption = None,
    yes: RetryYesOption = False,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand refused leads over again: those of the contacts, those with a code, or all; it counts and asks.

    A worker of role `crm` sends the newest snapshot of each; the answer carries the number of the retry. Ends with 1
    when a contact that was named has no refused lead that can be sent.
    """
    if not contacts and not code and not is_all:
        raise UsageError("say which: contacts, --code CODE, or --all")
    if as_json and not yes:
        raise UsageError("--json asks no question: add --yes")
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    named = asyncio.run(_contact_ids(settings, contacts)) if contacts else frozenset()
    leads = _read(settings, _filter(account, campaign, code, named), as_json=as_json)
    with progress_bar(quiet=as_json) as advance:
        plan = asyncio.run(plan_retry(settings, leads, by or getpass.getuser(), advance))
    if not as_json:
        _write_plan(plan)
    if plan.requests:
        if not yes:
            typer.confirm(f"hand {plural(plan.lead_count, 'lead')} over again?", abort=True, err=True)
        asyncio.run(request_retries(settings, plan))
    if as_json:
        write_json(_plan_to_dict(plan))
    elif plan.requests:
        write_line(f"{plural(plan.lead_count, 'lead')} will be handed over again")
    served = {each.contact for each in plan.requests} | {each.contact for each in plan.outstanding}
    if unserved := sorted(named - served):
        if not as_json:
            write_note(f"note: no refused lead that can be sent: {', '.join(unserved[:_MAX_NAMES])}")
        raise typer.Exit(1)


async def _contact_ids(settings: Settings, contacts: Sequence[str]) -> frozenset[str]:
    """The ids as the deployment writes them."""
    deployment = await require_deployment(settings)
    return frozenset(deployment.contact_id(each) for each in contacts)


def _filter(
    account: str | None, campaigns: Sequence[str] | None, codes: Sequence[str] | None, contacts: Collection[str]
) -> RefusalFilter:
    return RefusalFilter(
        frozenset(() if account is None else (parse_account(account),)),
        frozenset(campaigns or ()),
        frozenset(contacts),
        frozenset(codes or ()),
    )


def _read(settings: Settings, wanted: RefusalFilter, *, as_json: bool) -> Sequence[RefusedLead]:
    with progress_bar(quiet=as_json) as advance:
        return asyncio.run(read_refused(settings, wanted, advance))


def _columns(lead: RefusedLead) -> list[str]:
    account, campaign, contact = lead.key
    retries = f"retried {plural(lead.retries, 'time')}" if lead.retries else "not retried"
    what = "update" if lead.is_update else "hand-over"
    return [account, campaign, contact, what, lead.code, f"since {lead.since}", retries, lead.message[:100]]


def _to_dict(lead: RefusedLead) -> dict[str, Any]:
    return {
        "account": lead.key.account,
        "campaign": lead.key.subject,
        "contact": lead.key.contact,
        "update": lead.is_update,
        "code": lead.code,
        "message": lead.message,
        "since": lead.since,
        "retries": lead.retries,
        "hand_over": lead.hand_over,
    }


def _write_plan(plan: RetryPlan) -> None:
    codes = ", ".join(f"{code} {count}" for code, count in plan.by_code.most_common())
    write_note(f"{plural(plan.lead_count, 'lead')} to hand over again" + (f": {codes}" if codes else ""))
    if plan.outstanding:
        write_note(f"{plural(len(plan.outstanding), 'lead')} asked for already, and not answered yet")
    if plan.postponed_count:
        write_note(f"{plural(plan.postponed_count, 'lead')} more than are taken at one time: run this again later")
    if plan.forbidden:
        account, campaign, contact = plan.forbidden[0]
        write_note(
            f"{plural(len(plan.forbidden), 'lead')} of contacts that opted out since, which are not handed over, for"
            f" example {contact} in {campaign} of {account}"
        )
    if plan.gone:
        account, campaign, contact = plan.gone[0]
        write_note(
            f"{plural(len(plan.gone), 'lead')} whose hand-over is older than `qualified-leads` is kept, for example"
            f" {contact} in {campaign} of {account}: qualify it again to hand it over"
        )


def _plan_to_dict(plan: RetryPlan) -> dict[str, Any]:
    return {
        "retries": [
            {
                "account": each.account,
                "campaign": each.campaign,
                "contact": each.contact,
                "update": each.update,
                "retry": each.retry,
            }
            for each in plan.requests
        ],
        "by_code": dict(plan.by_code.most_common()),
        "asked_before": len(plan.outstanding),
        "postponed": plan.postponed_count,
        "opted_out": [
            {"account": account, "campaign": campaign, "contact": contact}
            for account, campaign, contact in plan.forbidden
        ],
        "gone": [
            {"account": account, "campaign": campaign, "contact": contact} for account, campaign, contact in plan.gone
        ],
    }

"""`leadstream salesforce`: runs a stand-in org on this machine, and checks the configured org.

The stand-in and the clients of Salesforce are slow to import, and neither command needs what the other does.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectors.ports import STAND_IN_PORT
from streams.cli.console import write_json, write_line, write_note
from streams.cli.options import JsonOption, settings_from
from streams.errors import SalesforceRefused, Unavailable, UsageError

if TYPE_CHECKING:
    from connectors.salesforce.org.directory import OrgDirectory

SalesforceUrlOption = Annotated[
    str | None, typer.Option("--url", help="A stand-in org on this machine (LEADSTREAM_SALESFORCE_URL).")
]
SandboxCampaignsOption = Annotated[
    list[str] | None, typer.Option("--campaign", metavar="ID=NAME", help="A campaign that the org starts with.")
]


def sandbox(
    *,
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = STAND_IN_PORT,
    campaign: SandboxCampaignsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a stand-in org on this machine until Ctrl-C; what it holds is gone then."""
    from connectors.salesforce_sandbox.server import SandboxServer, serve  # noqa: PLC0415 - see the module's docstring

    def on_start(url: str) -> None:
        if as_json:
            write_json({"url": url})
        else:
            write_line(f"stand-in org at {url}; LEADSTREAM_SALESFORCE_URL={url} uses it; Ctrl-C ends it")

    org = SandboxServer(port=port, campaigns=dict(_parse_campaign(option) for option in campaign or []))
    try:
        asyncio.run(serve(org, on_start))
    except OSError as error:
        raise Unavailable(f"port {port} cannot be used ({error.strerror}): choose another with --port") from error


def check(
    *,
    definitions: Annotated[
        list[Path] | None, typer.Argument(help="Definitions whose mapping and campaigns are checked too.")
    ] = None,
    url: SalesforceUrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check each org, and what definitions say of Salesforce.

    Looked at are the login, the version of the API, what the integration user may see and write, the fields that
    Leadstream needs, mappings, campaigns and their statuses, what is left of the daily limit, and the clock.
    """
    from connectors.salesforce.check.deployment_check import check_deployment  # noqa: PLC0415 - see above
    from connectors.salesforce.org.directory import OrgDirectory  # noqa: PLC0415
    from streams.definitions import load_definitions  # noqa: PLC0415

    directory = OrgDirectory.from_settings(settings_from(salesforce_url=url))
    accounts = load_definitions(definitions).require() if definitions else {}
    report = check_deployment(directory, {name: account.content for name, account in accounts.items()}, all_orgs=True)
    problems, notes = report.problem_lines(), report.note_lines()
    notes += [
        f"account {name} has no Salesforce org: it is not checked, and its hand-overs wait"
        for name in accounts
        if not directory.has_org(name)
    ]
    if as_json:
        orgs = [_org_to_dict(directory, name) for name in directory.clients]
        write_json({"orgs": orgs, "problems": problems, "notes": notes})
        if problems:
            raise typer.Exit(SalesforceRefused.exit_code)
        return
    for note in notes:
        write_note(f"note: {note}")
    if problems:
        raise SalesforceRefused("\n".join(problems))
    for name, org in directory.clients.items():
        usage = org.usage
        left = (
            ""
            if usage.remaining is None
            else f"; {usage.remaining:,} of {usage.limit:,} API requests are left of 24 hours"
        )
        write_line(f"{directory.label(name)} is ready{_whose(directory, name)}{left}")


def _whose(directory: OrgDirectory, name: str) -> str:
    """Whose org it is, where there are several."""
    if len(directory.clients) == 1:
        return ""
    accounts = directory.accounts_of(name)
    return f" for {', '.join(accounts)}" if accounts else " for all other accounts"


def _org_to_dict(directory: OrgDirectory, name: str) -> dict[str, Any]:
    org = directory.client(name)
    return {
        "name": name,
        "accounts": list(directory.accounts_of(name)),
        "org": org.connection.display_name,
        "version": org.connection.version,
        "requests_left": org.usage.remaining,
        "requests_limit": org.usage.limit,
    }


def _parse_campaign(option: str) -> tuple[str, str]:
    record_id, equals, name = option.partition("=")
    if not equals or len(record_id) not in (15, 18):
        raise UsageError(f"--campaign {option}: ID=NAME, the id with 15 or 18 characters")
    return record_id, name

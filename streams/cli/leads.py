"""`leadstream leads`: the manual decisions about leads, singly or in bulk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from streams.cli.common import AsJson, Bootstrap, Prefix
from streams.cli.manual_decisions import Account, At, By, Contacts, File, Search, decide
from streams.publish.commands import known_campaign

CampaignOption = Annotated[str, typer.Option("--campaign", help="The campaign whose leads are meant.")]

DECISIONS = {
    "qualify": ("lead.qualified", "Qualify leads: active, duplicate and rejected ones."),
    "reject": ("lead.rejected", "Reject leads: any but deleted ones."),
    "remove": ("lead.removed", "Remove leads from the campaign: they become deleted."),
    "reactivate": ("lead.reactivated", "Make leads active again; a removed one begins at 0 points."),
}


def register(app: typer.Typer) -> None:
    """Adds the group `leads`."""
    group = typer.Typer(no_args_is_help=True, help="Manual decisions about leads.")
    for name, (event_type, what) in DECISIONS.items():
        group.command(name, help=what)(_command(event_type))
    app.add_typer(group, name="leads")


def _command(event_type: str) -> Callable[..., None]:
    def command(
        campaign: CampaignOption,
        contacts: Contacts = None,
        *,
        file: File = None,
        search: Search = None,
        account: Account = "default",
        by: By = None,
        at: At = None,
        bootstrap: Bootstrap = None,
        prefix: Prefix = None,
        as_json: AsJson = False,
    ) -> None:
        decide(
            event_type,
            {"campaign": campaign},
            known_campaign(campaign),
            contacts=contacts,
            file=file,
            condition=search,
            account=account,
            by=by,
            at=at,
            bootstrap=bootstrap,
            prefix=prefix,
            as_json=as_json,
        )

    return command

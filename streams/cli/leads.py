"""`leadstream leads`: the manual decisions about leads, singly or in bulk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from streams.cli.common import BootstrapOption, JsonOption, PrefixOption
from streams.cli.manual_decisions import (
    ByOption,
    ContactsArgument,
    ContactsFileOption,
    ManualAccountOption,
    ManualAtOption,
    SearchOption,
    send_decisions,
)
from streams.publish.commands import campaign_check

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
        group.command(name, help=what)(_build_command(event_type))
    app.add_typer(group, name="leads")


def _build_command(event_type: str) -> Callable[..., None]:
    def command(
        campaign: CampaignOption,
        contacts: ContactsArgument = None,
        *,
        file: ContactsFileOption = None,
        search: SearchOption = None,
        account: ManualAccountOption = "default",
        by: ByOption = None,
        at: ManualAtOption = None,
        bootstrap: BootstrapOption = None,
        prefix: PrefixOption = None,
        as_json: JsonOption = False,
    ) -> None:
        send_decisions(
            event_type,
            {"campaign": campaign},
            campaign_check(campaign),
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

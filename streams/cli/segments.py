"""`leadstream segments`: the lists of static segments, kept by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from streams.cli.common import AsJson, Bootstrap, Prefix
from streams.cli.manual_decisions import Account, At, By, Contacts, File, Search, decide
from streams.publish.commands import static_segment

SegmentArgument = Annotated[str, typer.Argument(metavar="SEGMENT", help="A static segment.")]

DECISIONS = {
    "add": ("segment.member_added", "List contacts in a static segment."),
    "remove": ("segment.member_removed", "Take contacts off the list of a static segment."),
}


def register(app: typer.Typer) -> None:
    """Adds the group `segments`."""
    group = typer.Typer(no_args_is_help=True, help="The lists of static segments.")
    for name, (event_type, what) in DECISIONS.items():
        group.command(name, help=what)(_command(event_type))
    app.add_typer(group, name="segments")


def _command(event_type: str) -> Callable[..., None]:
    def command(
        segment: SegmentArgument,
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
            {"segment": segment},
            static_segment(segment),
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

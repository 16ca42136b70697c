"""`leadstream segments`: the lists of static segments, kept by hand."""

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
from streams.publish.commands import static_segment_check

SegmentArgument = Annotated[str, typer.Argument(metavar="SEGMENT", help="A static segment.")]

DECISIONS = {
    "add": ("segment.member_added", "List contacts in a static segment."),
    "remove": ("segment.member_removed", "Take contacts off the list of a static segment."),
}


def register(app: typer.Typer) -> None:
    """Adds the group `segments`."""
    group = typer.Typer(no_args_is_help=True, help="The lists of static segments.")
    for name, (event_type, what) in DECISIONS.items():
        group.command(name, help=what)(_build_command(event_type))
    app.add_typer(group, name="segments")


def _build_command(event_type: str) -> Callable[..., None]:
    def command(
        segment: SegmentArgument,
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
            {"segment": segment},
            static_segment_check(segment),
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

"""What the commands for manual decisions share: who is meant, who decided, and how it is told."""

from __future__ import annotations

import asyncio
import getpass
from typing import Annotated, Any

import typer

from schemas.values import instant_ms
from streams.cli.common import settings_from, write_json, write_line
from streams.errors import UsageError
from streams.publish.commands import Check, contacts_from, send_commands

Contacts = Annotated[list[str] | None, typer.Argument(metavar="CONTACT...", help="Contact ids.")]
File = Annotated[str | None, typer.Option("--file", help="A file with one contact id a line; - is standard input.")]
Account = Annotated[str, typer.Option("--account", help="Whose contacts they are.")]
By = Annotated[str | None, typer.Option("--by", help="Who decided; by default who runs this command.")]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="When; by default now, on the events clock the time last told."),
]


def decide(
    event_type: str,
    subject: dict[str, str],
    check: Check,
    *,
    contacts: list[str] | None,
    file: str | None,
    account: str,
    by: str | None,
    at: str | None,
    bootstrap: str | None,
    prefix: str | None,
    as_json: bool,
) -> None:
    """Sends one command of `event_type` for each contact and says how many."""
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    names = contacts_from(contacts or [], file)
    fields: dict[str, Any] = {"type": event_type, **subject, "by": by or getpass.getuser()}
    sending = send_commands(settings, account, names, fields=fields, check=check, at=_instant(at))
    count = asyncio.run(sending)
    if as_json:
        write_json({"published": count, "type": event_type, **subject})
    else:
        write_line(f"{count} commands {event_type} published; `dead-letters` says of each that cannot be, why")


def _instant(text: str | None) -> int | None:
    try:
        return None if text is None else instant_ms(text)
    except ValueError as error:
        raise UsageError(f"--at: {error}") from error

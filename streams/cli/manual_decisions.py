"""What the commands for manual decisions share: who is meant, who decided, and how it is told."""

from __future__ import annotations

import asyncio
import getpass
from typing import Annotated, Any

import typer

from schemas.values import instant_ms
from streams.cli.common import plural, progress_bar, settings_from, write_json, write_line
from streams.cli.search import build_search_request
from streams.errors import UsageError
from streams.publish.commands import DefinitionsCheck, collect_contacts, send_commands
from streams.search.search import search
from streams.settings import Settings

ContactsArgument = Annotated[list[str] | None, typer.Argument(metavar="CONTACT...", help="Contact ids.")]
ContactsFileOption = Annotated[
    str | None, typer.Option("--file", help="A file with one contact id a line; - is standard input.")
]
SearchOption = Annotated[
    str | None,
    typer.Option("--search", metavar="CONDITION", help="All for whom it holds, in YAML or JSON or @FILE; scans."),
]
ManualAccountOption = Annotated[str, typer.Option("--account", help="Whose contacts they are.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who decided; by default who runs this command.")]
ManualAtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="When; by default now, on the events clock the time last told."),
]


def send_decisions(
    event_type: str,
    subject: dict[str, str],
    check: DefinitionsCheck,
    *,
    contacts: list[str] | None,
    file: str | None,
    condition: str | None,
    account: str,
    by: str | None,
    at: str | None,
    bootstrap: str | None,
    prefix: str | None,
    as_json: bool,
) -> None:
    """Sends one command of `event_type` for each contact and says how many."""
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    instant = _parse_at(at)
    names = _collect_contacts(
        settings, account, contacts or [], file, condition=condition, check=check, quiet=as_json
    )
    fields: dict[str, Any] = {"type": event_type, **subject, "by": by or getpass.getuser()}
    count = 0
    if names:
        count = asyncio.run(send_commands(settings, account, names, fields=fields, check=check, at=instant))
    if as_json:
        write_json({"published": count, "type": event_type, **subject})
    else:
        write_line(f"{plural(count, 'command')} {event_type} published; what cannot be is in the topic dead-letters")


def _collect_contacts(
    settings: Settings,
    account: str,
    contacts: list[str],
    file: str | None,
    *,
    condition: str | None,
    check: DefinitionsCheck,
    quiet: bool,
) -> list[str]:
    """Those named on the command line, in a file, and found by a search, each once."""
    if condition is None:
        return collect_contacts(contacts, file)
    named = collect_contacts(contacts, file) if contacts or file is not None else []
    asked = build_search_request(account, condition, None)
    with progress_bar(quiet) as advance:
        result = asyncio.run(search(settings, asked, advance, lambda release: check(release.definitions)))
    return list(dict.fromkeys([*named, *(hit.contact for hit in result.hits.sorted_entries())]))


def _parse_at(text: str | None) -> int | None:
    try:
        return None if text is None else instant_ms(text)
    except ValueError as error:
        raise UsageError(f"--at: {error}") from error

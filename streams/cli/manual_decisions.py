"""What `leads` and `segments` share: commands that send one manual decision for each of the contacts meant."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.console import plural, progress_bar, write_json, write_line, write_note
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, parse_time_option, settings_from
from streams.errors import UsageError
from streams.publish.commands import DefinitionsCheck, collect_contacts, send_commands

if TYPE_CHECKING:
    from streams.settings import Settings


def _refuse_former_order(context: typer.Context, campaign: str | None) -> None:
    """The campaign was an option once, unlike the segment of `segments`."""
    if campaign is not None:
        command = f"{context.command_path} {campaign} CONTACT..."
        raise UsageError(f"the campaign goes first, without --campaign: `{command}`")


FormerCampaignOption = Annotated[
    str | None, typer.Option("--campaign", hidden=True, is_eager=True, callback=_refuse_former_order)
]
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


@dataclass(frozen=True, slots=True)
class DecisionSubject:
    """What decisions are about: a campaign or a segment."""

    field: str
    """The field of the sent event that names it."""
    parameter: Any
    """Its argument on the command line: `Annotated[str, typer.Argument(...)]`; the contacts follow it."""
    check: Callable[[str], DefinitionsCheck]
    """Returns, for its name, the check that the definitions in force allow the decision."""


@dataclass(frozen=True, slots=True)
class _ContactSelection:
    """Which contacts are meant: those named, those in a file, and those for whom a condition holds."""

    account: str
    names: list[str]
    file: str | None
    condition: str | None


def decision_command(event_type: str, subject: DecisionSubject, text: str) -> Callable[..., None]:
    """Returns the command that sends events of `event_type`; `text` is its help."""

    def command(
        name: str,
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
        _former_campaign: FormerCampaignOption = None,
    ) -> None:
        settings = settings_from(bootstrap=bootstrap, prefix=prefix)
        instant = parse_time_option("--at", at)
        check = subject.check(name)
        selection = _ContactSelection(account, contacts or [], file, search)
        selected = _select_contacts(settings, selection, check, quiet=as_json)
        what: dict[str, Any] = {"type": event_type, subject.field: name}
        fields = {**what, "by": by or getpass.getuser()}
        count = 0
        if selected:
            count = asyncio.run(send_commands(settings, account, selected, fields=fields, check=check, at=instant))
        _write_result(count, what, as_json)

    command.__annotations__["name"] = subject.parameter
    command.__doc__ = text
    return command


def _select_contacts(
    settings: Settings, selection: _ContactSelection, check: DefinitionsCheck, *, quiet: bool
) -> list[str]:
    """Returns the ids of the contacts meant, each once."""
    if selection.condition is None:
        return collect_contacts(selection.names, selection.file)
    from streams.search.apply import build_search_request  # noqa: PLC0415 - slow to import, and only a search needs it
    from streams.search.search import search as run_search  # noqa: PLC0415

    has_names = selection.names or selection.file is not None
    names = collect_contacts(selection.names, selection.file) if has_names else []
    request = build_search_request(selection.account, selection.condition, None)
    with progress_bar(quiet) as advance:
        result = asyncio.run(run_search(settings, request, advance, lambda release: check(release.definitions)))
    for note in result.mismatches.notes():
        write_note(f"note: {note}")
    return list(dict.fromkeys([*names, *(hit.contact for hit in result.hits.sorted_entries())]))


def _write_result(count: int, what: dict[str, Any], as_json: bool) -> None:
    if as_json:
        write_json({"published": count, **what})
    else:
        noun = plural(count, "command")
        write_line(f"{noun} {what['type']} published; what cannot be is in the topic dead-letters")

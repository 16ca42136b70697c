"""`leadstream salesforce pause` and `resume`: the switch of hand-overs."""

from __future__ import annotations

import asyncio
import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.console import write_json, write_line, write_note
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, parse_account, settings_from
from streams.errors import UsageError
from streams.store.handovers.commands import HandOverPause
from streams.store.handovers.switch import pause_hand_overs, resume_hand_overs

if TYPE_CHECKING:
    from streams.settings import Settings

PauseAccountOption = Annotated[
    str | None, typer.Option("--account", help="Only hand-overs of this account; without it all.")
]
PauseByOption = Annotated[str | None, typer.Option("--by", help="Who pauses; by default who runs this command.")]


def pause(
    *,
    account: PauseAccountOption = None,
    by: PauseByOption = None,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pause hand-overs to Salesforce, of all accounts or of one; they wait, nothing is lost.

    Every worker stops before its next batch. It holds across restarts, until `leadstream salesforce resume`.
    """
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    name = None if account is None else parse_account(account)
    before = asyncio.run(pause_hand_overs(settings, name, by or getpass.getuser()))
    if as_json:
        write_json({"account": name, "paused": True, "before": _to_dict(before)})
    else:
        write_line(f"{_whose(name)} are paused" if before is None else f"{before} already")
    if name is not None:
        _note_unknown(settings, name)


def resume(
    *,
    account: PauseAccountOption = None,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Resume hand-overs to Salesforce that were paused, of all accounts or of one.

    A pause of single accounts holds until they are resumed by name.
    """
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    name = None if account is None else parse_account(account)
    before = asyncio.run(resume_hand_overs(settings, name))
    if as_json:
        write_json({"account": name, "paused": False, "before": _to_dict(before)})
    elif before is None:
        write_line(f"{_whose(name)} were not paused")
    else:
        write_line(f"{_whose(name)} go on; they were paused since {before.at}")


def _note_unknown(settings: Settings, account: str) -> None:
    """Says when no definitions have the account: another one may be meant, whose hand-overs go on."""
    from streams.store.outputs.definitions import require_release  # noqa: PLC0415 - the engine's validation is slow to import

    try:
        asyncio.run(require_release(settings, account))
    except UsageError as error:
        write_note(f"note: {error}")


def _whose(account: str | None) -> str:
    return "hand-overs" if account is None else f"hand-overs of {account}"


def _to_dict(pause_before: HandOverPause | None) -> dict[str, Any] | None:
    return None if pause_before is None else {"at": pause_before.at, "by": pause_before.by}

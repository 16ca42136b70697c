"""`leadstream definitions`: checks files of definitions, plans and applies them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from schemas.values import instant_ms
from streams.cli import releases
from streams.cli.common import (
    AsJson,
    Bootstrap,
    Prefix,
    counted,
    human,
    progress,
    settings_from,
    write_json,
    write_line,
)
from streams.definitions import Account, Fault, Loaded, load, load_each
from streams.definitions.apply import Applier
from streams.definitions.deployment_plan import Planned, plan_against, plan_all, refuse_what_is_gone
from streams.engine.releases.release_log import Release, Void
from streams.errors import DefinitionsRefused, UsageError
from streams.settings import Settings

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Definitions in YAML or JSON.")]
At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="When it takes effect (RFC 3339); on the wall clock not later than now."
    ),
]
BasedOn = Annotated[
    int | None,
    typer.Option("--based-on", min=0, help="The release that was planned against; void if another came since."),
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until the release decides in every journal partition.")]
Patience = Annotated[
    float, typer.Option("--patience", help="With --wait: seconds in which nothing of the release may show.")
]
Quick = Annotated[bool, typer.Option("--quick", help="Only the differences: nothing is scanned.")]


@dataclass(frozen=True, slots=True)
class _When:
    """From which instant (ms) a release decides, and after which release."""

    at: int | None
    based_on: int | None


def register(app: typer.Typer) -> None:
    """Adds the group `definitions`."""
    group = typer.Typer(no_args_is_help=True, help="What segments, campaigns and rules there are.")
    group.command("check")(check)
    group.command("plan")(plan_files)
    group.command("apply")(apply)
    releases.register(group)
    app.add_typer(group, name="definitions")


def check(files: Files, *, as_json: AsJson = False) -> None:
    """Check files without a broker; the exit code is 1 when any is refused.

    Files of one account are parts of one whole; files that define the same things are checked each by itself.
    """
    loaded = load_each(files)
    if loaded.clashes:
        note = f"warning: checked each by itself, since they cannot be applied together: {loaded.clashes[0]}"
        human().print(note, markup=False, soft_wrap=True)
    if as_json:
        write_json([_described(loaded, name) for name in loaded.files])
    else:
        _show_check(loaded)
    if loaded.problems:
        raise typer.Exit(1)


def plan_files(
    *,
    files: Files,
    quick: Quick = False,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Show what applying the files would change, who would enter and leave, and what would become of leads.

    For that all contacts are scanned, and the journal for what is asked of the past; nothing is written.
    """
    accounts = load(files).require()
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    with progress(quiet=as_json) as advance:
        tell = partial(human(quiet=as_json).print, markup=False)
        plans = asyncio.run(plan_all(settings, accounts, quick=quick, tell=tell, advance=advance))
    if as_json:
        write_json([each.described() for each in plans])
        return
    for each in plans:
        _show_plan(each)


def apply(
    *,
    files: Files,
    at: At = None,
    based_on: BasedOn = None,
    wait: Wait = False,
    patience: Patience = 60.0,
    bootstrap: Bootstrap = None,
    prefix: Prefix = None,
    as_json: AsJson = False,
) -> None:
    """Apply the files: one release per account that changes.

    With --wait it ends when the release decides everywhere, or when a newer one came in its place; both with 0.
    """
    accounts = load(files).require()
    if based_on is not None and len(accounts) != 1:
        raise UsageError(f"--based-on speaks of one account; the files hold {len(accounts)}")
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    when = _When(_instant(at), based_on)
    results = asyncio.run(_apply(settings, accounts, when, patience if wait else None, as_json))
    if as_json:
        write_json(results)


def _described(loaded: Loaded, name: str) -> dict[str, Any]:
    """One file for a machine."""
    warnings = [_error(warning) for warning in loaded.warnings if warning.file == name]
    errors = [_error(problem) for problem in loaded.problems if problem.file == name]
    return {"file": name, "errors": errors} | ({"warnings": warnings} if warnings else {})


def _error(problem: Fault) -> dict[str, Any]:
    return {"where": problem.where, "message": problem.message, "line": problem.line, "code": problem.code}


def _show_check(loaded: Loaded) -> None:
    for problem in loaded.problems:
        human().print(str(problem), markup=False, soft_wrap=True)
    for warning in loaded.warnings:
        human().print(f"warning: {warning}", markup=False, soft_wrap=True)
    if not loaded.problems:
        files, accounts = counted(len(loaded.files), "file"), counted(len(loaded.accounts), "account")
        write_line(f"{files}, {accounts}: nothing wrong")


def _show_plan(planned: Planned) -> None:
    for line in planned.plan.lines():
        write_line(line)
    if planned.tally is not None:
        for line in planned.tally.lines():
            write_line(f"  {line}")


async def _apply(
    settings: Settings, accounts: Mapping[str, Account], when: _When, patience: float | None, quiet: bool
) -> list[dict[str, Any]]:
    applier = Applier(settings, await releases.releases_of(settings), patience)
    applier.releases.refuse_in_advance(when.at)
    return [await _apply_one(applier, account, when, quiet) for account in accounts.values()]


async def _apply_one(applier: Applier, account: Account, when: _When, quiet: bool) -> dict[str, Any]:
    log = await applier.releases.log()
    latest = log.latest(account.name)
    planned = plan_against(latest, account)
    _refuse_another_base(account.name, when.based_on, planned.based_on)
    if not quiet:
        _show_plan(Planned(planned))
    if latest is not None and not planned:
        _say(f"account {account.name}: release {latest.number} says the same, nothing applied", quiet)
        return {"account": account.name, "number": latest.number, "applied": False}
    await refuse_what_is_gone(applier.settings, account, log, when.at)
    with progress(quiet) as advance:
        applied = await applier.apply(account, planned.based_on, when.at, advance)
    made = _valid(applied.made)
    _say(f"account {account.name}: release {made.number} applied", quiet)
    told = {"account": account.name, "number": made.number, "applied": True}
    if applied.arrival is not None:
        _say(f"account {account.name}: {applied.arrival.ended()}", quiet)
        told |= applied.arrival.described()
    return told


def _refuse_another_base(account: str, wanted: int | None, latest: int) -> None:
    """Before anything is written: a void record would stay for ever. Raises DefinitionsRefused."""
    if wanted in (None, latest):
        return
    there = f"release {latest} is the latest" if latest else "nothing is applied yet"
    raise DefinitionsRefused(f"account {account}: --based-on {wanted}, but {there}; nothing was written, plan again")


def _valid(made: Release | Void) -> Release:
    if isinstance(made, Void):
        raise DefinitionsRefused(f"account {made.account}: the release is void, {made.reason}; plan and apply again")
    return made


def _say(text: str, quiet: bool) -> None:
    if not quiet:
        write_line(text)


def _instant(text: str | None) -> int | None:
    try:
        return None if text is None else instant_ms(text)
    except ValueError as error:
        raise UsageError(f"--at: {error}") from error

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
    BootstrapOption,
    JsonOption,
    PrefixOption,
    plural,
    progress_bar,
    settings_from,
    stderr_console,
    write_json,
    write_line,
)
from streams.definitions import (
    AccountDefinitions,
    DocumentProblem,
    LoadedDefinitions,
    load_definitions,
    load_separately,
)
from streams.definitions.apply import ReleaseApplier
from streams.definitions.deployment_plan import (
    PlanResult,
    diff_against_latest,
    plan_accounts,
    require_account_coverage,
)
from streams.engine.releases.release_log import Release, VoidRelease
from streams.errors import DefinitionsRefused, UsageError
from streams.settings import Settings

DefinitionFilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Definitions in YAML or JSON.")
]
ApplyAtOption = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="When it takes effect (RFC 3339); on the wall clock not later than now."
    ),
]
BasedOnOption = Annotated[
    int | None,
    typer.Option("--based-on", min=0, help="The release that was planned against; void if another came since."),
]
WaitOption = Annotated[
    bool, typer.Option("--wait", help="Wait until the release decides in every journal partition.")
]
ApplyPatienceOption = Annotated[
    float, typer.Option("--patience", help="With --wait: seconds in which nothing of the release may show.")
]
QuickOption = Annotated[bool, typer.Option("--quick", help="Only the differences: nothing is scanned.")]


@dataclass(frozen=True, slots=True)
class _ApplyTiming:
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


def check(files: DefinitionFilesArgument, *, as_json: JsonOption = False) -> None:
    """Check files without a broker; the exit code is 1 when any is refused.

    Files of one account are parts of one whole; files that define the same things are checked each by itself.
    """
    loaded = load_separately(files)
    if loaded.conflicts:
        note = f"warning: checked each by itself, since they cannot be applied together: {loaded.conflicts[0]}"
        stderr_console().print(note, markup=False, soft_wrap=True)
    if as_json:
        write_json([_file_to_dict(loaded, name) for name in loaded.files])
    else:
        _show_check(loaded)
    if loaded.problems:
        raise typer.Exit(1)


def plan_files(
    *,
    files: DefinitionFilesArgument,
    quick: QuickOption = False,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what applying the files would change, who would enter and leave, and what would become of leads.

    For that all contacts are scanned, and the journal for what is asked of the past; nothing is written.
    """
    accounts = load_definitions(files).require()
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    with progress_bar(quiet=as_json) as advance:
        tell = partial(stderr_console(quiet=as_json).print, markup=False)
        plans = asyncio.run(plan_accounts(settings, accounts, quick=quick, on_message=tell, on_progress=advance))
    if as_json:
        write_json([each.to_dict() for each in plans])
        return
    for each in plans:
        _show_plan(each)


def apply(
    *,
    files: DefinitionFilesArgument,
    at: ApplyAtOption = None,
    based_on: BasedOnOption = None,
    wait: WaitOption = False,
    patience: ApplyPatienceOption = 60.0,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Apply the files: one release per account that changes.

    With --wait it ends when the release decides everywhere, or when a newer one came in its place; both with 0.
    """
    accounts = load_definitions(files).require()
    if based_on is not None and len(accounts) != 1:
        raise UsageError(f"--based-on speaks of one account; the files hold {len(accounts)}")
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    when = _ApplyTiming(_parse_at(at), based_on)
    results = asyncio.run(_apply_all(settings, accounts, when, patience if wait else None, as_json))
    if as_json:
        write_json(results)


def _file_to_dict(loaded: LoadedDefinitions, name: str) -> dict[str, Any]:
    """One file for a machine."""
    warnings = [_problem_to_dict(warning) for warning in loaded.warnings if warning.file == name]
    errors = [_problem_to_dict(problem) for problem in loaded.problems if problem.file == name]
    return {"file": name, "errors": errors} | ({"warnings": warnings} if warnings else {})


def _problem_to_dict(problem: DocumentProblem) -> dict[str, Any]:
    return {"where": problem.path, "message": problem.message, "line": problem.line, "code": problem.code}


def _show_check(loaded: LoadedDefinitions) -> None:
    for problem in loaded.problems:
        stderr_console().print(str(problem), markup=False, soft_wrap=True)
    for warning in loaded.warnings:
        stderr_console().print(f"warning: {warning}", markup=False, soft_wrap=True)
    if not loaded.problems:
        files, accounts = plural(len(loaded.files), "file"), plural(len(loaded.accounts), "account")
        write_line(f"{files}, {accounts}: nothing wrong")


def _show_plan(plan_result: PlanResult) -> None:
    for line in plan_result.diff.lines():
        write_line(line)
    if plan_result.preview_report is not None:
        for line in plan_result.preview_report.lines():
            write_line(f"  {line}")


async def _apply_all(
    settings: Settings,
    accounts: Mapping[str, AccountDefinitions],
    timing: _ApplyTiming,
    patience: float | None,
    quiet: bool,
) -> list[dict[str, Any]]:
    applier = ReleaseApplier(settings, await releases.open_release_repository(settings), patience)
    applier.releases.require_not_future(timing.at)
    return [await _apply_one(applier, account, timing, quiet) for account in accounts.values()]


async def _apply_one(
    applier: ReleaseApplier, account: AccountDefinitions, timing: _ApplyTiming, quiet: bool
) -> dict[str, Any]:
    log = await applier.releases.read_log()
    latest = log.latest(account.name)
    planned = diff_against_latest(latest, account)
    _require_base(account.name, timing.based_on, planned.based_on)
    if not quiet:
        _show_plan(PlanResult(planned))
    if latest is not None and not planned:
        _write_unless_quiet(f"account {account.name}: release {latest.number} says the same, nothing applied", quiet)
        return {"account": account.name, "number": latest.number, "applied": False}
    await require_account_coverage(applier.settings, account, log, timing.at)
    with progress_bar(quiet) as advance:
        applied = await applier.apply(account, planned.based_on, timing.at, advance)
    made = _require_valid(applied.release)
    _write_unless_quiet(f"account {account.name}: release {made.number} applied", quiet)
    told = {"account": account.name, "number": made.number, "applied": True}
    if applied.rollout is not None:
        _write_unless_quiet(f"account {account.name}: {applied.rollout.result_text()}", quiet)
        told |= applied.rollout.to_dict()
    return told


def _require_base(account: str, based_on: int | None, latest: int) -> None:
    """Before anything is written: a void record would stay for ever. Raises DefinitionsRefused."""
    if based_on in (None, latest):
        return
    there = f"release {latest} is the latest" if latest else "nothing is applied yet"
    raise DefinitionsRefused(
        f"account {account}: --based-on {based_on}, but {there}; nothing was written, plan again"
    )


def _require_valid(release: Release | VoidRelease) -> Release:
    if isinstance(release, VoidRelease):
        raise DefinitionsRefused(
            f"account {release.account}: the release is void, {release.reason}; plan and apply again"
        )
    return release


def _write_unless_quiet(text: str, quiet: bool) -> None:
    if not quiet:
        write_line(text)


def _parse_at(text: str | None) -> int | None:
    try:
        return None if text is None else instant_ms(text)
    except ValueError as error:
        raise UsageError(f"--at: {error}") from error

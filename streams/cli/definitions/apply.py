"""`leadstream definitions apply`: applies files of definitions, one release per account that changes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from streams.cli.console import progress_bar, write_json, write_line, write_note
from streams.cli.definitions.files import DefinitionFilesArgument
from streams.cli.definitions.plan import write_plan
from streams.cli.definitions.releases import open_release_repository
from streams.cli.definitions.salesforce_check import require_fitting_org
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, parse_time_option, settings_from
from streams.definitions import AccountDefinitions, load_definitions, require_some_version
from streams.definitions.apply import ReleaseApplier
from streams.definitions.deployment_plan import PlanResult, diff_against_latest, require_account_coverage
from streams.definitions.versions import keep_version
from streams.engine.releases.release_log import Release, VoidRelease
from streams.errors import DefinitionsRefused, UsageError
from streams.settings import Settings

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
WithoutSalesforceOption = Annotated[
    bool, typer.Option("--without-salesforce", help="Do not check mappings and campaigns against the org.")
]
ApplyPatienceOption = Annotated[
    float, typer.Option("--patience", help="With --wait: seconds in which nothing of the release may show.")
]


@dataclass(frozen=True, slots=True)
class ApplyTiming:
    """From which instant (ms) a release decides, and which release it must follow."""

    at: int | None
    based_on: int | None


def apply(
    *,
    files: DefinitionFilesArgument,
    at: ApplyAtOption = None,
    based_on: BasedOnOption = None,
    wait: WaitOption = False,
    patience: ApplyPatienceOption = 60.0,
    without_salesforce: WithoutSalesforceOption = False,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Apply the files: one release per account that changes.

    Where an org is set, what changes is first held against it, and refused where mappings or campaigns do not fit.
    With --wait it ends when the release decides everywhere, or when a newer one came in its place; both with 0.
    """
    require_some_version(files)
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    timing = ApplyTiming(parse_time_option("--at", at), based_on)
    check_org = settings.has_salesforce and not without_salesforce
    results = asyncio.run(
        _apply_all(settings, files, timing, patience if wait else None, quiet=as_json, check_org=check_org)
    )
    if as_json:
        write_json(results)


async def _apply_all(
    settings: Settings,
    files: Sequence[Path],
    timing: ApplyTiming,
    patience: float | None,
    *,
    quiet: bool,
    check_org: bool,
) -> list[dict[str, Any]]:
    applier = ReleaseApplier(settings, await open_release_repository(settings), patience)
    applier.releases.require_not_future(timing.at)
    log = await applier.releases.read_log()
    accounts = load_definitions(files, log.engine_versions()).require()
    if timing.based_on is not None and len(accounts) != 1:
        raise UsageError(f"--based-on speaks of one account; the files hold {len(accounts)}")
    if check_org:
        changes = {
            name: account.content
            for name, account in accounts.items()
            if diff_against_latest(log.latest(name), keep_version(account, log.latest(name)))
        }
        for note in await require_fitting_org(settings, changes, log):
            write_note(f"warning: {note}")
    return [await apply_account(applier, account, timing, quiet) for account in accounts.values()]


async def apply_account(
    applier: ReleaseApplier, account: AccountDefinitions, timing: ApplyTiming, quiet: bool
) -> dict[str, Any]:
    """Applies one account's definitions where they differ; returns what `--json` writes of it."""
    log = await applier.releases.read_log()
    latest = log.latest(account.name)
    account = keep_version(account, latest)
    diff = diff_against_latest(latest, account)
    _require_base(account.name, timing.based_on, diff.based_on)
    if not quiet:
        write_plan(PlanResult(diff))
    if latest is not None and not diff:
        _write_unless_quiet(f"account {account.name}: release {latest.number} says the same, nothing applied", quiet)
        return {"account": account.name, "number": latest.number, "applied": False}
    await require_account_coverage(applier.settings, account, log, timing.at)
    with progress_bar(quiet) as advance:
        outcome = await applier.apply(account, diff.based_on, timing.at, advance)
    release = _require_valid(outcome.release)
    _write_unless_quiet(f"account {account.name}: release {release.number} applied", quiet)
    result = {"account": account.name, "number": release.number, "applied": True}
    if outcome.rollout is not None:
        _write_unless_quiet(f"account {account.name}: {outcome.rollout.result_text()}", quiet)
        result |= outcome.rollout.to_dict()
    return result


def _require_base(account: str, based_on: int | None, latest: int) -> None:
    """Raises DefinitionsRefused before anything is written: a void record would stay in the topic for ever."""
    if based_on in (None, latest):
        return
    there = f"release {latest} is the latest" if latest else "nothing is applied yet"
    raise DefinitionsRefused(
        f"account {account}: based on release {based_on}, but {there}; nothing was written, plan again"
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

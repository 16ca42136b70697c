"""`leadstream definitions upgrade`: raises accounts to the newest engine version, one release each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from schemas.engine_versions import NEWEST_VERSION
from streams.cli.console import ignore_note, progress_bar, write_json, write_line, write_note
from streams.cli.definitions.apply import ApplyPatienceOption, ApplyTiming, WaitOption, apply_account
from streams.cli.definitions.plan import write_plan
from streams.cli.definitions.releases import ReleasesAccountOption, open_release_repository, require_definitions
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
from streams.definitions import AccountDefinitions
from streams.definitions.apply import ReleaseApplier
from streams.definitions.deployment_plan import plan_accounts
from streams.definitions.versions import raise_version
from streams.engine.releases.release_log import ReleaseLog
from streams.settings import Settings

PlanOption = Annotated[bool, typer.Option("--plan", help="Only show who would enter and leave; nothing is written.")]


def upgrade(
    *,
    account: ReleasesAccountOption = None,
    plan: PlanOption = False,
    wait: WaitOption = False,
    patience: ApplyPatienceOption = 60.0,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Raise accounts to this engine's newest version: one release each, with the same definitions.

    It is the last step of an upgrade, when every worker runs the new engine: a former engine does not know the
    release. There is no way back from it.
    """
    settings = settings_from(bootstrap=bootstrap, prefix=prefix)
    run = (
        _plan(settings, account, as_json) if plan else _apply(settings, account, patience if wait else None, as_json)
    )
    results = asyncio.run(run)
    if as_json:
        write_json(results)
    elif not results:
        write_line(f"every account has engine version {NEWEST_VERSION} already")


async def _plan(settings: Settings, account: str | None, quiet: bool) -> list[dict[str, Any]]:
    log = await (await open_release_repository(settings)).read_log()
    accounts = {each.name: each for each in await _accounts_to_raise(settings, log, account)}
    if not accounts:
        return []
    with progress_bar(quiet) as advance:
        on_message = ignore_note if quiet else write_note
        results = await plan_accounts(settings, accounts, quick=False, on_message=on_message, on_progress=advance)
    for result in [] if quiet else results:
        write_plan(result)
    return [result.to_dict() for result in results]


async def _apply(
    settings: Settings, account: str | None, patience: float | None, quiet: bool
) -> list[dict[str, Any]]:
    applier = ReleaseApplier(settings, await open_release_repository(settings), patience)
    accounts = await _accounts_to_raise(settings, await applier.releases.read_log(), account)
    return await raise_accounts(applier, [each.name for each in accounts], quiet)


async def raise_accounts(applier: ReleaseApplier, accounts: Sequence[str], quiet: bool) -> list[dict[str, Any]]:
    """Raises one account after the other, each as its latest release stands then; returns what `--json` writes.

    Raises DefinitionsRefused for an account that gets another release in that moment.
    """
    results = []
    for name in accounts:
        latest = await applier.releases.latest(name)
        if latest is not None and latest.definitions.engine_version < NEWEST_VERSION:
            timing = ApplyTiming(at=None, based_on=latest.number)
            results.append(await apply_account(applier, raise_version(latest), timing, quiet))
    return results


async def _accounts_to_raise(settings: Settings, log: ReleaseLog, account: str | None) -> list[AccountDefinitions]:
    """Returns the accounts, or the one, that have an older version. Raises UsageError for an unknown one."""
    if account is not None:
        await require_definitions(settings, account)
    releases = [log.latest(name) for name in log.accounts() if account in (None, name)]
    return [
        raise_version(release)
        for release in releases
        if release is not None and release.definitions.engine_version < NEWEST_VERSION
    ]

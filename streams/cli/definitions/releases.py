"""`leadstream definitions list`, `show` and `history`: the releases of accounts, and how far each has come."""

from __future__ import annotations

import asyncio
import io
from typing import Annotated, Any

import typer

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.values import instant_text
from streams.cli.console import plural, write_json, write_line
from streams.cli.options import BootstrapOption, JsonOption, PrefixOption, settings_from
from streams.definitions.history import ReleaseHistory, build_release_history
from streams.engine.releases.release_log import Release, ReleaseLog, VoidRelease
from streams.errors import DataError, UsageError
from streams.hints import suggestion
from streams.kafka.deployment import require_deployment
from streams.settings import Settings
from streams.store.releases import ReleaseRepository
from streams.store.store import decider_checkpoint, open_store

AccountArgument = Annotated[str, typer.Argument(metavar="[ACCOUNT]", help="Whose definitions.")]
ReleasesAccountOption = Annotated[str | None, typer.Option("--account", help="Only this account's releases.")]
ReleaseNumberOption = Annotated[
    int | None, typer.Option("--number", min=1, help="Which release; by default the latest.")
]


async def open_release_repository(settings: Settings) -> ReleaseRepository:
    """Returns the releases of a deployment. Raises TopicsMissing, BrokerUnavailable."""
    deployment = await require_deployment(settings)
    return ReleaseRepository(settings, deployment.clock)


async def require_definitions(settings: Settings, account: str) -> None:
    """Raises UsageError for an account without any release: most likely its name is mistyped."""
    names = sorted((await (await open_release_repository(settings)).read_log()).accounts())
    if account not in names:
        raise UsageError(f"account {account!r} has no definitions{suggestion(account, names)}")


def history(
    account: AccountArgument = DEFAULT_ACCOUNT,
    *,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an account's releases from the first on: what each changed, and where it decides or is being counted."""
    release_history = asyncio.run(_read_history(settings_from(bootstrap=bootstrap, prefix=prefix), account))
    if not release_history.steps and not release_history.voids:
        raise DataError(f"account {account} has no release; `leadstream definitions apply FILE` makes one")
    if as_json:
        write_json(release_history.to_dict())
        return
    for line in release_history.lines():
        write_line(line)


def list_releases(
    *,
    account: ReleasesAccountOption = None,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the releases of every account, and the records that are void."""
    log = asyncio.run(_read_log(settings_from(bootstrap=bootstrap, prefix=prefix)))
    names = [name for name in log.accounts() if account in (None, name)]
    releases = [release for name in names for release in log.releases_of(name)]
    voids = [void for void in log.void_releases if account in (None, void.account)]
    if as_json:
        write_json(
            {
                "releases": [_release_to_dict(each) for each in releases],
                "void": [_void_to_dict(each) for each in voids],
            }
        )
        return
    if not releases:
        write_line("no releases; `leadstream definitions apply FILE` makes one")
    for each in releases:
        version = f"engine version {each.definitions.engine_version}"
        counts = ", ".join(
            (plural(len(each.definitions.segments), "segment"), plural(len(each.definitions.campaigns), "campaign"))
        )
        write_line(f"{each.account}  release {each.number}  {_at_text(each)}  {version}  {counts}  {each.hash[:12]}")
    for void in voids:
        write_line(f"{void.account}  void at offset {void.offset}: {void.reason}")


def show(
    account: AccountArgument = DEFAULT_ACCOUNT,
    *,
    number: ReleaseNumberOption = None,
    bootstrap: BootstrapOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an account's definitions as they were applied."""
    log = asyncio.run(_read_log(settings_from(bootstrap=bootstrap, prefix=prefix)))
    release = log.latest(account)
    if release is None:
        raise DataError(f"account {account} has no release; `leadstream definitions apply FILE` makes one")
    if number is not None:
        if number > release.number:
            raise DataError(f"account {account} has no release {number}; the latest is {release.number}")
        release = log.get(account, number)
    if as_json:
        write_json({**_release_to_dict(release), "definitions": release.document})
        return
    write_line(f"# release {release.number} of account {account}, {_at_text(release)}")
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow to import, and only this command needs it

    text = io.StringIO()
    YAML().dump(dict(release.document), text)
    write_line(text.getvalue().removesuffix("\n"))


async def _read_history(settings: Settings, account: str) -> ReleaseHistory:
    async with open_store(settings) as store:
        partition_statuses = [
            decider_checkpoint(await store.read_slot_checkpoint(number)).standing
            for number in range(store.slot_count)
        ]
        # The releases are read last, so that every release that a status names is among them.
        return build_release_history(account, await store.read_releases(), partition_statuses)


async def _read_log(settings: Settings) -> ReleaseLog:
    return await (await open_release_repository(settings)).read_log()


def _release_to_dict(release: Release) -> dict[str, Any]:
    return {
        "account": release.account,
        "number": release.number,
        "offset": release.offset,
        "id": release.id,
        "hash": release.hash,
        "at": None if release.at is None else instant_text(release.at),
        "arrival": instant_text(release.arrival),
        "engine_version": release.definitions.engine_version,
    }


def _void_to_dict(void: VoidRelease) -> dict[str, Any]:
    return {"account": void.account, "offset": void.offset, "id": void.id, "reason": void.reason}


def _at_text(release: Release) -> str:
    return "at the account's last tick" if release.at is None else instant_text(release.at)

"""Plans against what a deployment has in force: what would change, and who would enter and leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from streams.definitions.diff import Plan, plan
from streams.definitions.history_needs import newly_asked
from streams.definitions.load import Account
from streams.definitions.preview import Advance, Preview
from streams.definitions.preview_report import Tally
from streams.definitions.retention import refuse_behind
from streams.engine.releases.release_log import Release, ReleaseLog
from streams.settings import Settings
from streams.store.store import opened

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Planned:
    """One account's plan; `tally` is None where nobody was looked at."""

    plan: Plan
    tally: Tally | None = None

    def described(self) -> dict[str, Any]:
        """For a machine."""
        return {**self.plan.described(), "preview": None if self.tally is None else self.tally.described()}


def plan_against(latest: Release | None, account: Account) -> Plan:
    """The differences alone, against the account's latest release."""
    number = latest.number if latest is not None else 0
    return plan(latest.content if latest is not None else None, account.content, number, account.warnings)


async def plan_all(
    settings: Settings, accounts: Mapping[str, Account], *, quick: bool, tell: Tell, advance: Advance
) -> list[Planned]:
    """Plans of all accounts; `tell` is told what is scanned before that begins, `advance` how far it is.

    `quick` leaves out who would enter and leave. Raises DefinitionsRefused for what asks of a past that is gone,
    TopicsMissing, BrokerUnavailable.
    """
    async with opened(settings) as store:
        log = await store.releases()
        plans = {name: plan_against(log.latest(name), account) for name, account in accounts.items()}
        for name, account in accounts.items():
            await refuse_behind(store, name, account.content, log)
        tallies: Mapping[str, Tally] = {}
        tried = {name: account for name, account in accounts.items() if plans[name] and not quick}
        if tried:
            tell(f"scanning {_what(tried, log)}")
            preview = Preview(settings, store, {name: account.content for name, account in tried.items()})
            tallies = await preview.run(advance)
    return [Planned(plans[name], tallies.get(name)) for name in accounts]


async def refuse_what_is_gone(settings: Settings, account: Account, log: ReleaseLog, at: int | None) -> None:
    """Raises DefinitionsRefused for definitions that ask of a past which the journal does not hold any more."""
    latest = log.latest(account.name)
    if newly_asked(latest.content if latest is not None else None, account.content):
        async with opened(settings) as store:
            await refuse_behind(store, account.name, account.content, log, at)


def _what(accounts: Mapping[str, Account], log: ReleaseLog) -> str:
    """What has to be scanned to know who would enter and leave."""
    latest = {name: log.latest(name) for name in accounts}
    contents = {name: release.content if release is not None else None for name, release in latest.items()}
    if any(newly_asked(contents[name], account.content) for name, account in accounts.items()):
        return "all contacts, and the whole journal for the past that is asked of"
    return "all contacts"

"""Plans definitions against a deployment's releases: what would change, and who would enter and leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streams.definitions.diff import DefinitionsDiff, diff_definitions
from streams.definitions.history_needs import new_history_needs
from streams.definitions.load import AccountDefinitions
from streams.definitions.retention import require_coverage
from streams.definitions.versions import keep_version
from streams.engine.releases.release_log import Release, ReleaseLog
from streams.progress import ProgressCallback
from streams.settings import Settings
from streams.store.store import open_store

if TYPE_CHECKING:
    from streams.definitions.preview_report import PreviewReport

MessageCallback = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PlanResult:
    """One account's plan; `preview_report` is None where no contacts were scanned."""

    diff: DefinitionsDiff
    preview_report: PreviewReport | None = None

    def to_dict(self) -> dict[str, Any]:
        """Returns the plan as JSON for a machine."""
        return {
            **self.diff.to_dict(),
            "preview": None if self.preview_report is None else self.preview_report.to_dict(),
        }


def diff_against_latest(latest: Release | None, account: AccountDefinitions) -> DefinitionsDiff:
    """Returns the differences to the account's latest release, without a preview."""
    number = latest.number if latest is not None else 0
    return diff_definitions(
        latest.definitions if latest is not None else None, account.content, number, account.warnings
    )


async def plan_accounts(
    settings: Settings,
    accounts: Mapping[str, AccountDefinitions],
    *,
    quick: bool,
    on_message: MessageCallback,
    on_progress: ProgressCallback,
) -> list[PlanResult]:
    """Returns the plan of each account; `on_message` gets what is scanned next, `on_progress` how far the scan is.

    `quick` leaves out who would enter and leave. Raises DefinitionsRefused for definitions that need deleted
    records, TopicsMissing, BrokerUnavailable.
    """
    async with open_store(settings) as store:
        log = await store.read_releases()
        accounts = {name: keep_version(account, log.latest(name)) for name, account in accounts.items()}
        plans = {name: diff_against_latest(log.latest(name), account) for name, account in accounts.items()}
        for name, account in accounts.items():
            await require_coverage(store, name, account.content, log)
        reports: Mapping[str, PreviewReport] = {}
        accounts_to_scan = {name: account for name, account in accounts.items() if plans[name] and not quick}
        if accounts_to_scan:
            from streams.definitions.preview import Preview  # noqa: PLC0415 - the whole engine, which few plans need

            on_message(f"scanning {_scan_text(accounts_to_scan, log)}")
            definitions = {name: account.content for name, account in accounts_to_scan.items()}
            preview = Preview(store, definitions, log)
            reports = await preview.run(on_progress)
    return [PlanResult(plans[name], reports.get(name)) for name in accounts]


async def require_account_coverage(
    settings: Settings, account: AccountDefinitions, log: ReleaseLog, at: int | None
) -> None:
    """Raises DefinitionsRefused for definitions that need records which the journal no longer holds."""
    latest = log.latest(account.name)
    if new_history_needs(latest.definitions if latest is not None else None, account.content):
        async with open_store(settings) as store:
            await require_coverage(store, account.name, account.content, log, at)


def _scan_text(accounts: Mapping[str, AccountDefinitions], log: ReleaseLog) -> str:
    """Returns what a preview has to scan."""
    latest = {name: log.latest(name) for name in accounts}
    contents = {name: release.definitions if release is not None else None for name, release in latest.items()}
    if any(new_history_needs(contents[name], account.content) for name, account in accounts.items()):
        return "all contacts, and the whole journal for the past that is asked of"
    return "all contacts"

"""Runs a backtest over a deployment's journal, beside running workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing

from schemas.definitions import Definitions
from schemas.values import instant_text
from streams.backtest.partition import PartitionBacktest
from streams.backtest.report import AccountBacktest
from streams.backtest.tally import ChangeTally
from streams.backtest.worth import OpportunityBook
from streams.engine.journal.effects import Output
from streams.engine.journal.records import JournalEvent
from streams.errors import JournalTruncated, UsageError
from streams.progress import ProgressCallback
from streams.settings import Settings
from streams.store.retention import truncated_partitions
from streams.store.store import DeploymentStore, open_store


async def backtest(
    settings: Settings,
    definitions: Mapping[str, Definitions],
    since: int | None,
    on_progress: ProgressCallback,
    on_output: Callable[[Output], None] = lambda _: None,
) -> list[AccountBacktest]:
    """What `definitions` (by account) would have done from `since` (ms) on, or from the beginning; and what happened.

    `on_output` gets the outputs that there would have been. Raises UsageError where the history ends before `since`,
    JournalTruncated where retention deleted the
    journal's beginning, TopicsMissing, TopicsMismatch where the settings decide otherwise, Unavailable.
    """
    actual, hypothetical, opportunities = ChangeTally(), ChangeTally(), OpportunityBook()
    has_begun = False

    def handle_hypothetical(output: Output) -> None:
        hypothetical.add(output)
        on_output(output)

    async with open_store(settings) as store:
        await _require_whole_journal(store)
        # The journal's ends first: `definitions` then has every release whose marker is before them.
        ends = await store.journal_ends()
        releases = await store.read_releases()
        for number in range(store.slot_count):
            run = PartitionBacktest(
                partition=number,
                definitions=definitions,
                lookup=releases.definitions,
                settings=store.settings.engine,
                clock=store.deployment.clock,
                since=since,
                on_actual=actual.add,
                on_hypothetical=handle_hypothetical,
            )
            with closing(run):
                activity = f"scanning the journal {number + 1}/{store.slot_count}"
                async for entry in store.read_journal(
                    number, lambda _key: True, activity, on_progress, end=ends[number]
                ):
                    record = run.feed(*entry)
                    if isinstance(record, JournalEvent):
                        opportunities.add(record)
                run.finish()
                has_begun |= run.has_begun
    if since is not None and not has_begun:
        raise UsageError(f"the history ends before {instant_text(since)}: nothing comes after it")
    return [
        AccountBacktest(account, actual.accounts[account], hypothetical.accounts[account], opportunities, since)
        for account in sorted(definitions)
    ]


async def _require_whole_journal(store: DeploymentStore) -> None:
    truncated = await truncated_partitions(store, None)
    if truncated:
        instants = [instant for instant in truncated.values() if instant is not None]
        since = f" before {instant_text(max(instants))}" if instants else ""
        raise JournalTruncated(
            f"retention deleted what the journal held{since}, and without it nobody knows what would have been;"
            " backtest needs a journal that is kept for ever"
        )

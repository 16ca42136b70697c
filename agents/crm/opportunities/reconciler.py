"""Compares the ledger with the org, and writes the events that make it right again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from agents.crm.opportunities.opportunity_topic import read_own_events
from agents.crm.opportunities.polls import attribution_rules, build_polls
from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.campaign_sums import CampaignSums, OpportunitySum, SumDifference, SumKey
from connectors.salesforce.opportunities.poll import OpportunityPoll
from connectors.salesforce.opportunities.queries import OpportunityQueries
from connectors.salesforce.opportunities.reconciliation import (
    LedgerRows,
    OpportunityDifference,
    OrgState,
    ask_org,
    find_differences,
)
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.directory import OrgDirectory
from connectors.salesforce.org.errors import RequestRefused
from schemas.topics import CRM_OPPORTUNITIES
from streams.errors import SalesforceRefused
from streams.kafka.clients import open_producer
from streams.progress import ProgressCallback, ignore_progress
from streams.settings import Settings
from streams.store.ledger_rows import read_ledger_rows
from streams.store.releases import ReleaseRepository, releases_in_order

LEDGER_SECONDS = 30.0
"""So long the ledger may take for a change that has just been polled before it counts as a difference."""
_RETRY_SECONDS = 1.0

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """What was compared with one org, what differs, and for which differences events were written."""

    org: str
    opportunities: int
    requests: int
    differences: Sequence[OpportunityDifference]
    sums: Sequence[SumDifference]
    repaired: Sequence[OpportunityDifference]

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs, or everything that does is repaired."""
        if self.differences:
            return len(self.repaired) == len(self.differences)
        return not self.sums

    def to_dict(self) -> dict[str, Any]:
        """Returns the report for JSON."""
        repaired = {id(each) for each in self.repaired}
        return {
            "org": self.org,
            "opportunities": self.opportunities,
            "requests": self.requests,
            "equal": self.is_equal,
            "differences": [{**each.to_dict(), "repaired": id(each) in repaired} for each in self.differences],
            "sums": [each.to_dict() for each in self.sums],
        }


@dataclass(frozen=True, slots=True)
class Repair:
    """What is written: nothing, what mends the differences, or also the deletion of what the org does not show.

    That may be hidden from the integration user, so somebody has to say it.
    """

    is_wanted: bool = False
    unseen_as_deleted: bool = False

    def mends(self, difference: OpportunityDifference) -> bool:
        """Whether a difference is repaired."""
        return self.is_wanted and (difference.kind != "unseen" or self.unseen_as_deleted)


async def reconcile(
    settings: Settings,
    *,
    account: str | None = None,
    repair: Repair = Repair(),
    on_progress: ProgressCallback = ignore_progress,
    ledger_seconds: float = LEDGER_SECONDS,
) -> list[ReconcileReport]:
    """Compares the ledger with every org, or with an account's; returns a report for each.

    Raises BrokerUnavailable, TopicsMissing, SalesforceUnavailable, ConfigurationError, and SalesforceRefused also for
    an account without an org.
    """
    releases = releases_in_order(await ReleaseRepository(settings, settings.clock).read_log())
    directory = OrgDirectory.from_settings(settings)
    if account is not None:
        directory.client_of(account)
    reports = []
    for name, poll in build_polls(directory, lambda: releases).items():
        if account is None or directory.owns(name, account):
            rules = attribution_rules(lambda: releases, poll.is_of_org)()
            comparison = _Comparison(settings, directory.client(name), poll, account, rules)
            report = await comparison.run(repair, on_progress, ledger_seconds)
            reports.append(replace(report, org=directory.label(name)))
    return reports


class _Comparison:
    """The comparison with one org."""

    def __init__(
        self,
        settings: Settings,
        client: OrgClient,
        poll: OpportunityPoll,
        account: str | None,
        rules: AttributionRules,
    ) -> None:
        self._settings = settings
        self._org_name = client.connection.display_name
        self._poll = poll
        self._account = account
        self._queries = OpportunityQueries(client)
        self._sums = CampaignSums(self._queries, rules, client.connection.currency)

    async def run(self, repair: Repair, on_progress: ProgressCallback, ledger_seconds: float) -> ReconcileReport:
        """Compares, and writes what is wanted."""
        rows = await self._read_rows(on_progress)
        on_progress(f"asking {self._org_name}", 0, 0)
        try:
            org, org_sums, left_out = await asyncio.to_thread(self._ask, rows)
        except RequestRefused as error:
            raise SalesforceRefused(str(error)) from error
        written = await _written_versions(self._settings, self._poll.crm)
        deadline = time.monotonic() + ledger_seconds
        differences = find_differences(org, rows, self._account)
        while _is_ledger_behind(differences, rows, written) and time.monotonic() < deadline:
            on_progress("waiting for the ledger", 0, 0)
            await asyncio.sleep(_RETRY_SECONDS)
            rows = await self._read_rows(ignore_progress)
            differences = find_differences(org, rows, self._account)
        sums = self._sums.find_differences(org_sums, rows.values(), left_out, self._account)
        mended = [each for each in differences if repair.mends(each)]
        await _write(self._settings, mended)
        requests = org.requests + self._queries.request_count
        return ReconcileReport(self._org_name, len(org.states), requests, differences, sums, mended)

    def _ask(self, rows: LedgerRows) -> tuple[OrgState, dict[SumKey, OpportunitySum], set[str]]:
        org = ask_org(self._poll, rows)
        return org, self._sums.ask_org(), self._sums.left_out(rows.values())

    async def _read_rows(self, on_progress: ProgressCallback) -> LedgerRows:
        rows = await read_ledger_rows(self._settings, on_progress)
        return {key: row for key, row in rows.items() if self._poll.is_of_org(row.account)}


async def _written_versions(settings: Settings, crm: str) -> dict[tuple[str, str], int]:
    """Account and id -> the version of the newest event on the topic."""
    return {
        (str(event["account"]), str(event["opportunity"])): int(event["version"])
        async for event in read_own_events(settings, crm)
    }


def _is_ledger_behind(
    differences: Sequence[OpportunityDifference], rows: LedgerRows, written: dict[tuple[str, str], int]
) -> bool:
    """Whether a difference may be gone when the ledger has decided what is on the topic already."""
    keys = [(each.account, each.opportunity) for each in differences]
    return any(key in written and (key not in rows or rows[key].version < written[key]) for key in keys)


async def _write(settings: Settings, mended: Sequence[OpportunityDifference]) -> None:
    events = [event for each in mended for event in each.mends]
    if not events:
        return
    topic = settings.prefix + CRM_OPPORTUNITIES.name
    async with open_producer(settings.bootstrap) as producer:
        sent = [await producer.send(topic, _encode(event), str(event["opportunity"]).encode()) for event in events]
        await asyncio.gather(*sent)

"""Compares the ledger with the org, and writes the events that make it right again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from agents.crm.factory import attribution_rules
from agents.crm.opportunity_topic import read_own_events
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
from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.errors import RequestRefused
from schemas.topics import CRM_OPPORTUNITIES
from streams.errors import SalesforceRefused
from streams.kafka.clients import broker_errors
from streams.kafka.protocols import Producer
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
    """What was compared, what differs, and for which differences events were written."""

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


async def reconcile(
    settings: Settings,
    *,
    account: str | None = None,
    repair: bool = False,
    unseen_as_deleted: bool = False,
    on_progress: ProgressCallback = ignore_progress,
    ledger_seconds: float = LEDGER_SECONDS,
) -> ReconcileReport:
    """Compares all accounts or one. With `repair` it writes what mends the differences.

    Opportunities that the org does not show, and of whose deletion it knows nothing, may be hidden from the
    integration user: they are repaired with `unseen_as_deleted` only. Raises BrokerUnavailable, TopicsMissing,
    SalesforceUnavailable, SalesforceRefused.
    """
    releases = releases_in_order(await ReleaseRepository(settings, settings.clock).read_log())
    rules = attribution_rules(lambda: releases)()
    org_client = OrgClient(Connection.from_settings(settings))
    currency = settings.salesforce_currency
    poll = OpportunityPoll(org_client, currency=currency, rules=lambda: rules)
    queries = OpportunityQueries(org_client)
    sums = CampaignSums(queries, rules, currency)
    rows: LedgerRows = await read_ledger_rows(settings, on_progress)
    on_progress("asking Salesforce", 0, 0)
    try:
        org, org_sums, left_out = await asyncio.to_thread(_ask, poll, sums, rows)
    except RequestRefused as error:
        raise SalesforceRefused(str(error)) from error
    written = await _written_versions(settings, poll.crm)
    deadline = time.monotonic() + ledger_seconds
    differences = find_differences(org, rows, account)
    while _is_ledger_behind(differences, rows, written) and time.monotonic() < deadline:
        on_progress("waiting for the ledger", 0, 0)
        await asyncio.sleep(_RETRY_SECONDS)
        rows = await read_ledger_rows(settings)
        differences = find_differences(org, rows, account)
    sum_differences = sums.find_differences(org_sums, rows.values(), left_out, account)
    mended = [each for each in differences if repair and (each.kind != "unseen" or unseen_as_deleted)]
    await _write(settings, mended)
    return ReconcileReport(
        org_client.connection.display_name,
        len(org.states),
        org.requests + queries.request_count,
        differences,
        sum_differences,
        mended,
    )


def _ask(
    poll: OpportunityPoll, sums: CampaignSums, rows: LedgerRows
) -> tuple[OrgState, dict[SumKey, OpportunitySum], set[str]]:
    org = ask_org(poll, rows)
    return org, sums.ask_org(), sums.left_out(rows.values())


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
    with broker_errors(settings.bootstrap):
        producer: Producer = AIOKafkaProducer(
            bootstrap_servers=settings.bootstrap, acks="all", enable_idempotence=True
        )
        await producer.start()
        try:
            sent = [
                await producer.send(topic, _encode(event), str(event["opportunity"]).encode()) for event in events
            ]
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

"""Accounts with an org of their own: each org is polled by itself, and its opportunities are its accounts' alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from agents.crm.backoff import Backoff
from agents.crm.opportunities.pollers import OpportunityPollers
from connectors.salesforce.org.directory import OrgDirectory
from connectors.salesforce.org.orgs_file import OrgEntry
from streams.engine.releases.release_log import Release, ReleaseLog
from streams.kafka.topic_admin import create_topics
from streams.settings import Settings
from tests.harness.kafka.topic_reader import read_topic
from tests.harness.salesforce.crm_process import until
from tests.harness.salesforce.sandbox import SPRING, SandboxClient, run_sandbox


@pytest.fixture
def other_sandbox() -> Iterator[SandboxClient]:
    with run_sandbox() as sandbox:
        yield sandbox


def releases_of(*accounts: str) -> list[Release]:
    """A release of each account; all of them name the same id, each that of its own org."""
    log = ReleaseLog("wall")
    for offset, account in enumerate(accounts):
        definitions = {"account": account, "campaigns": [{"id": "spring", "salesforce": {"campaign": SPRING}}]}
        record = {"type": "definitions.applied", "id": f"r{offset}", "account": account, "based_on": 0}
        value = json.dumps({**record, "definitions": definitions}).encode()
        assert log.add(offset, 1, account.encode(), value) is not None
    return [release for account in accounts for release in log.releases_of(account)]


def add_sale(sandbox: SandboxClient) -> str:
    fields = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "CampaignId": SPRING}
    return str(sandbox.post("record", type="Opportunity", **fields)["Id"])


async def test_each_org_is_polled_by_itself_and_one_that_is_away_holds_up_no_other(
    kafka: str, prefix: str, sandbox: SandboxClient, other_sandbox: SandboxClient
) -> None:
    settings = Settings(bootstrap=kafka, prefix=prefix, partitions=1, in_partitions=1, salesforce_poll_ms=50)
    await create_topics(settings, lambda *_: None)
    directory = OrgDirectory(sandbox.connection(), [OrgEntry("emea", ("acme",), other_sandbox.connection())])
    other_sandbox.add_fault("html_503", times=3)
    add_sale(sandbox)
    add_sale(other_sandbox)
    releases = releases_of("default", "acme")
    backoff = Backoff(first=0.05, longest=0.2, manual=0.2)
    pollers = OpportunityPollers.of_orgs(settings, directory, lambda: releases, backoff)
    assert [log.part for log in pollers.outage_logs] == ["opportunities", "opportunities of emea"]

    async def known() -> set[tuple[str, str]]:
        records = await read_topic(kafka, f"{prefix}crm-opportunities")
        events = [json.loads(record.value) for each in records.values() for record in each]
        return {(event["account"], event["crm"]) for event in events}

    async def both() -> bool:
        return await known() == {("default", "salesforce"), ("acme", "salesforce:emea")}

    running = asyncio.create_task(pollers.run())
    try:
        await until(both, "an opportunity of each org")
        assert pollers.event_count == 2
        assert pollers.polled_at is not None
        assert pollers.pause_seconds == 0.05
    finally:
        pollers.stop()
        await running

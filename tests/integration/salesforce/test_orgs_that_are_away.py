"""Accounts with orgs of their own: an org that is away or slow holds up no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agents.crm.handovers.handover_consumer import HandOverConsumer
from agents.crm.handovers.org_deliveries import OrgDeliveries
from connectors.salesforce.handover.delivery import Delivery
from connectors.salesforce.org.client import OrgClient
from streams.settings import Settings
from tests.harness.salesforce.crm_process import (
    BRISK,
    QUICK,
    HandOverFactory,
    committed_count,
    default_mapping,
    events_of,
    for_account,
    hand_over_all,
    running,
    stopped_in,
    until,
)
from tests.harness.salesforce.sandbox import SandboxClient, run_sandbox


@pytest.fixture(scope="module")
def other_server() -> Iterator[SandboxClient]:
    with run_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def other_sandbox(other_server: SandboxClient) -> SandboxClient:
    other_server.post("reset")
    return other_server


def consumer_of_both(settings: Settings, sandbox: SandboxClient, other: SandboxClient) -> HandOverConsumer:
    """A consumer whose account `acme` has the other org; `orphan` has none."""
    deliveries = {
        name: Delivery(OrgClient(org.connection()), default_mapping, BRISK)
        for name, org in (("", sandbox), ("acme-org", other))
    }
    names = {"acme": "acme-org", "orphan": "nowhere"}
    return HandOverConsumer(settings, OrgDeliveries(deliveries, lambda account: names.get(account, ""), QUICK))


def keys_of(sandbox: SandboxClient) -> set[str]:
    return {lead["Leadstream_Id__c"] for lead in sandbox.live_records("Lead")}


async def test_an_org_that_is_away_holds_up_no_other(
    settings: Settings, sandbox: SandboxClient, other_sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    other_sandbox.add_fault("html_503", times=-1)
    waiting = [for_account("acme", hand_over(f"a{each}", each)) for each in range(1_100)]
    consumer = consumer_of_both(settings, sandbox, other_sandbox)
    await hand_over_all(settings, *waiting)
    await hand_over_all(settings, hand_over("ann", 2_000), for_account("orphan", hand_over("olaf", 2_001)))
    async with running(consumer):
        await until(lambda: keys_of(sandbox) == {"default/ann"}, "the other org's Lead")
        assert consumer.outage_logs[1].part == "hand-overs to acme-org"

        async def has_passed() -> bool:
            return await committed_count(settings) == 1_102 and await stopped_in(settings) == {"acme", "orphan"}

        await until(has_passed, "more than the queue takes stands still with its account")
        assert "503" in consumer.stops["acme"].reason or "cannot now" in consumer.stops["acme"].reason
        assert "enter the account in the file of LEADSTREAM_SALESFORCE_ORGS" in consumer.stops["orphan"].reason
        other_sandbox.clear_faults()
        await until(lambda: len(keys_of(other_sandbox)) == 1_100, "the org is back")

        async def one_is_left() -> bool:
            return await stopped_in(settings) == {"orphan"}

        await until(one_is_left, "acme is level with the others")
    answers = await events_of(settings, "crm-results")
    assert len({each["id"] for each in answers}) == 1_101
    assert len(other_sandbox.live_records("CampaignMember")) == 1_100


async def test_an_org_that_is_slow_holds_up_no_other(
    settings: Settings, sandbox: SandboxClient, other_sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    other_sandbox.add_fault("slow_after_commit", path="queryAll", times=1, seconds=6)
    consumer = consumer_of_both(settings, sandbox, other_sandbox)
    await hand_over_all(settings, for_account("acme", hand_over("ann", 1)))
    async with running(consumer):
        await until(lambda: len(other_sandbox.requests("queryAll")) > 0, "a slow call is under way")
        await hand_over_all(settings, hand_over("ann", 2))
        await until(lambda: keys_of(sandbox) == {"default/ann"}, "the other org's Lead")
        assert keys_of(other_sandbox) == set()
        await until(lambda: keys_of(other_sandbox) == {"acme/ann"}, "the slow org's Lead")
    assert {each["type"] for each in await events_of(settings, "crm-results")} == {"crm.linked"}

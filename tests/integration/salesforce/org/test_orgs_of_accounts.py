"""Accounts with orgs of their own: leads and opportunities stay in them, and one that is away holds up no other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from agents.crm.factory import build_handover_consumer
from agents.crm.handovers.handover_consumer import HandOverConsumer
from agents.crm.opportunities.opportunity_pollers import OpportunityPollers
from connectors.salesforce.org.directory import OrgDirectory
from connectors.salesforce.org.orgs_file import OrgEntry
from schemas.definitions import Salesforce
from streams.settings import Settings
from tests.harness.salesforce.crm_process import (
    BRISK,
    QUICK,
    events_of,
    produce,
    record_of,
    running,
    until,
)
from tests.harness.salesforce.handovers import lead_of
from tests.harness.salesforce.sandbox import SandboxClient, run_sandbox


@pytest.fixture
def emea() -> Iterator[SandboxClient]:
    """The org of the account `acme`; all others have that of the settings."""
    with run_sandbox() as server:
        yield server


@asynccontextmanager
async def running_crm(
    settings: Settings, sandbox: SandboxClient, emea: SandboxClient
) -> AsyncIterator[tuple[HandOverConsumer, OpportunityPollers]]:
    directory = OrgDirectory(
        sandbox.connection(currency="EUR"), [OrgEntry("emea", ("acme",), emea.connection(currency="GBP"))]
    )
    consumer = build_handover_consumer(
        settings, directory, lambda account: Salesforce(), backoff=QUICK, patience=BRISK
    )
    pollers = OpportunityPollers.of_orgs(settings, directory, list, QUICK)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(consumer))
        await stack.enter_async_context(running(pollers))
        yield consumer, pollers


def has_leads(sandbox: SandboxClient, count: int) -> Callable[[], bool]:
    return lambda: len(sandbox.live_records("Lead")) == count


async def test_each_account_has_its_leads_and_opportunities_in_its_own_org(
    settings: Settings, sandbox: SandboxClient, emea: SandboxClient
) -> None:
    await produce(
        settings,
        "qualified-leads",
        record_of(lead_of("ada", 1, account="acme")),
        record_of(lead_of("bob", 2, account="beta")),
    )
    async with running_crm(settings, sandbox, emea):
        await until(has_leads(emea, 1), "the Lead of acme")
        await until(has_leads(sandbox, 1), "the Lead of beta")
        for org in (emea, sandbox):
            [lead] = org.live_records("Lead")
            org.post("convert", lead=lead["Id"], amount=10)

        async def has_both() -> bool:
            return len(await events_of(settings, "crm-opportunities")) == 2

        await until(has_both, "both opportunities")
    events = {event["account"]: event for event in await events_of(settings, "crm-opportunities")}
    assert (events["acme"]["crm"], events["acme"]["contact"], events["acme"]["currency"]) == (
        "salesforce:emea",
        "ada",
        "GBP",
    )
    assert (events["beta"]["crm"], events["beta"]["contact"], events["beta"]["currency"]) == (
        "salesforce",
        "bob",
        "EUR",
    )
    assert emea.live_records("Lead")[0]["Leadstream_Id__c"] == "acme/ada"


async def test_an_org_that_is_away_holds_up_no_other(
    settings: Settings, sandbox: SandboxClient, emea: SandboxClient
) -> None:
    emea.add_fault("html_503", path="services", times=-1)
    handovers = [lead_of(f"c{each}", each, account=("acme", "beta")[each % 2]) for each in range(10)]
    async with running_crm(settings, sandbox, emea) as (consumer, pollers):
        await produce(settings, "qualified-leads", *(record_of(each) for each in handovers))
        await until(has_leads(sandbox, 5), "all Leads of beta")
        problems = {log.part: log.current_problem for log in (*consumer.outage_logs, *pollers.outage_logs)}
        assert (problems["hand-overs"], problems["opportunities"]) == (None, None)
        await until(
            lambda: all(
                log.current_problem is not None
                for log in (*consumer.outage_logs, *pollers.outage_logs)
                if log.part.endswith("emea")
            ),
            "both outages",
        )
        assert emea.live_records("Lead") == []
        emea.clear_faults()
        await until(has_leads(emea, 5), "all Leads of acme")
    assert len(sandbox.live_records("Lead")) == 5

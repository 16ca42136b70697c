"""Every fault of the stand-in at every query of the poll, with and without a crash of the worker, two accounts.

Whatever happens, revenue is the org's own sum, and each state of an opportunity is one event, however often it is
written. With the hand-overs of `test_fault_matrix` these are nearly 300 combinations.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, get_args

import pytest

from agents.crm.backoff import Backoff
from agents.crm.opportunities.opportunity_poller import OpportunityPoller
from agents.crm.opportunities.poll_pace import PollPace
from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.poll import OpportunityPoll
from connectors.salesforce.org.auth import TokenProvider
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.usage import ApiUsage
from connectors.salesforce_sandbox.faults import RECORD_FAULTS, FaultKind
from streams.settings import Settings
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.kafka.topic_follower import follow_topics
from tests.harness.salesforce.crm_process import create_crm_topics, until
from tests.harness.salesforce.releases import mapping_release
from tests.harness.salesforce.revenue_book import RevenueBook, org_revenue
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, OrgApi, SandboxClient, run_sandbox
from tests.integration.salesforce import test_fault_matrix

STEPS = {
    "changes": "ORDER BY SystemModstamp",
    "conversions": "IsConverted = true",
    "changed-roles": "FROM OpportunityContactRole WHERE SystemModstamp",
    "all-of-leads": "Id IN (SELECT ConvertedOpportunityId FROM Lead",
    "all-of-campaigns": "WHERE CampaignId IN",
}
"""Step of a poll -> a part of its query."""
STEPS_OF_A_START = ("all-of-leads", "all-of-campaigns")
KINDS = tuple(kind for kind in get_args(FaultKind) if kind not in RECORD_FAULTS)
TIMES = 3
"""So often a fault strikes: the worker that starts after a crash may meet it again."""
CASES = list(itertools.product(KINDS, STEPS))
RELEASES = [
    mapping_release("default", {"spring": SPRING}),
    mapping_release("acme", {"fair": AUTUMN, "talks": "7015A000000TLK1QAO"}, attribution="contact_roles"),
]
LEADS_OF = "CampaignId = null AND Id IN (SELECT ConvertedOpportunityId FROM Lead WHERE Leadstream_Campaign__c = '{}')"
ROLES_OF = (
    "CampaignId = null AND Id IN "
    "(SELECT OpportunityId FROM OpportunityContactRole WHERE Contact.Leadstream_Campaign__c = '{}')"
)
CONDITIONS = {
    "default/spring": (f"CampaignId = '{SPRING}'", LEADS_OF.format("spring")),
    "acme/fair": (f"CampaignId = '{AUTUMN}'", LEADS_OF.format("fair")),
    "acme/talks": (ROLES_OF.format("talks"),),
}


def test_the_matrix_has_more_than_two_hundred_combinations() -> None:
    polls, hand_overs = len(CASES) * 2, len(test_fault_matrix.CASES) * len(test_fault_matrix.TIMES) * 2
    assert (polls, hand_overs) == (110, 184)


@dataclass(frozen=True, slots=True)
class PolledDeployment:
    """One deployment, one org and one ledger for all cases."""

    settings: Settings
    sandbox: SandboxClient
    book: RevenueBook

    def org_revenue(self) -> Any:
        return org_revenue(OrgApi(self.sandbox), CONDITIONS)


@pytest.fixture(scope="module")
def place(kafka: str) -> Iterator[PolledDeployment]:
    with run_sandbox() as sandbox:
        settings = asyncio.run(create_crm_topics(kafka, fresh_prefix(), sandbox))
        yield PolledDeployment(settings, sandbox, RevenueBook(*(each for _, each in RELEASES)))


class PollWorker:
    """A poller that can be killed: its cursor is lost, its request goes on."""

    def __init__(self, place: PolledDeployment) -> None:
        self._place = place
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        connection = self._place.sandbox.connection()
        # A session that is refused right after its login is a pause of a minute: here it is less than 0.1 s.
        tokens = TokenProvider(connection, clock=lambda: 1000 * time.monotonic())
        poll = OpportunityPoll(
            OrgClient(connection, tokens), currency="EUR", rules=lambda: AttributionRules.from_releases(RELEASES)
        )
        poller = OpportunityPoller(
            self._place.settings,
            poll,
            backoff=Backoff(first=0.01, longest=0.05, manual=0.05),
            pace=PollPace(0.01, ApiUsage()),
        )
        self._task = asyncio.create_task(poller.run())

    async def kill(self) -> None:
        assert self._task is not None
        assert not self._task.done(), self._task.exception()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def restart(self) -> None:
        await self.kill()
        self.start()


@pytest.fixture
async def worker(place: PolledDeployment) -> AsyncIterator[PollWorker]:
    worker = PollWorker(place)
    topic = f"{place.settings.prefix}crm-opportunities"
    async with follow_topics(place.settings.bootstrap, [topic], place.book.add):
        worker.start()
        yield worker
        await worker.kill()


class Sales:
    """People in the org; each thing that they do is one request, so that a poll sees all of it or nothing."""

    def __init__(self, sandbox: SandboxClient) -> None:
        self._sandbox = sandbox
        self.states: dict[str, int] = {}
        """Opportunity -> how many states of it accounts have to hear of."""

    def sell(self, campaign: str | None, amount: float) -> str:
        fields = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "CampaignId": campaign}
        opportunity = str(self._sandbox.post("record", type="Opportunity", Amount=amount, **fields)["Id"])
        self.states[opportunity] = 1
        return opportunity

    def win(self, opportunity: str, amount: float) -> None:
        self._sandbox.post("win", opportunity=opportunity, amount=amount)
        self.states[opportunity] += 1

    def move(self, opportunity: str, campaign: str) -> None:
        """To another account's campaign: the former one hears that it is released."""
        self._sandbox.post("opportunity", id=opportunity, CampaignId=campaign)
        self.states[opportunity] += 2

    def convert(self, account: str, contact: str, campaign: str, amount: float, member_of: str | None = None) -> None:
        lead = self._person("Lead", account, contact, campaign, Company="Engines")
        if member_of is not None:
            self._sandbox.post("record", type="CampaignMember", CampaignId=member_of, LeadId=lead)
        self.states[self._sandbox.post("convert", lead=lead, amount=amount)["opportunity"]] = 1

    def add_role(self, account: str, contact: str, campaign: str, amount: float) -> None:
        opportunity = self.sell(None, amount)
        person = self._person("Contact", account, contact, campaign)
        self._sandbox.post("contact_role", opportunity=opportunity, contact=person)

    def _person(self, kind: str, account: str, contact: str, campaign: str, **more: str) -> str:
        ours = {"Leadstream_Id__c": f"{account}/{contact}", "Leadstream_Campaign__c": campaign}
        return str(self._sandbox.post("record", type=kind, LastName="x", **ours, **more)["Id"])


@pytest.mark.parametrize(("kind", "step"), [pytest.param(*case, id="-".join(case)) for case in CASES])
async def test_revenue_is_the_sum_of_the_org(
    place: PolledDeployment, worker: PollWorker, kind: str, step: str
) -> None:
    sandbox, sales = place.sandbox, Sales(place.sandbox)
    # The last case is long ago, so that a poll does not read its changes again.
    sandbox.post("clock", advance=3_600)
    known = {crash: [sales.sell(campaign, 100.1) for campaign in (SPRING, AUTUMN, SPRING)] for crash in (False, True)}
    await booked(place, f"{kind}-{step}: what was there before")
    for crash, (first, second, moved) in known.items():
        name = f"{kind}-{step}-{'crash' if crash else 'steady'}"
        if step in STEPS_OF_A_START:
            await worker.kill()
        sandbox.add_fault(kind, path="queryAll", query=STEPS[step], times=TIMES, seconds=0.1)
        sales.win(first, 1234.56)
        sales.win(second, 0.07)
        sales.move(moved, AUTUMN)
        sales.convert("default", f"lead-{name}", "spring", 20.3)
        sales.convert("default", f"member-{name}", "spring", 7.77, member_of=SPRING)
        sales.convert("acme", f"lead-{name}", "fair", 5.01)
        sales.add_role("acme", f"role-{name}", "talks", 3.33)
        if step in STEPS_OF_A_START:
            worker.start()
        await until(lambda: has_struck(sandbox), f"{name}: the fault strikes")
        if crash:
            await worker.restart()
        await booked(place, name)
        sandbox.clear_faults()
    for opportunity, states in sales.states.items():
        events = place.book.events[opportunity]
        assert len({event["id"] for event in events}) == states, (opportunity, events)


def has_struck(sandbox: SandboxClient) -> bool:
    [fault] = sandbox.get("faults")
    return bool(fault["times"] < TIMES)


async def booked(place: PolledDeployment, what: str) -> None:
    """Waits until every account has the org's own sum of each campaign."""
    expected = place.org_revenue()
    await until(lambda: place.book.revenue == expected, f"{what}: revenue is {expected}")

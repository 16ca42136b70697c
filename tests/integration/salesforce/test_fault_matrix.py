"""Every fault of the stand-in at every step of a hand-over, with and without a crash of the worker, two accounts.

Whatever happens, the org holds each Lead once with the latest values that the field rules allow, each membership
once, and each hand-over has one answer.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass

import pytest

from agents.crm.backoff import Backoff
from agents.crm.handovers.handover_consumer import HandOverConsumer
from agents.crm.handovers.org_deliveries import OrgDeliveries
from connectors.salesforce.handover.delivery import Delivery
from connectors.salesforce.handover.handover_records import LeadHandOver
from connectors.salesforce.org.auth import TokenProvider
from connectors.salesforce.org.client import OrgClient
from streams.settings import Settings
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.salesforce.crm_process import (
    BRISK,
    HandOverFactory,
    committed_count,
    create_crm_topics,
    default_mapping,
    events_of,
    for_account,
    hand_over_all,
    until,
)
from tests.harness.salesforce.sandbox import OrgApi, SandboxClient, run_sandbox

STEPS = {
    "lookup": ("GET", "queryAll"),
    "create": ("PATCH", "composite/sobjects/Lead"),
    "update": ("PATCH", "composite/sobjects"),
    "member": ("POST", "composite/sobjects"),
}
"""Step of a hand-over -> method and path of its requests; those of creations also fit the path of changes."""

REQUEST_FAULTS = (
    *("drop", "drop_after_commit", "error_after_commit", "slow_after_commit", "truncated", "html_503"),
    *("invalid_session", "daily_limit", "concurrent_limit", "row_lock"),
)
RECORD_FAULTS = ("lock_record", "race")
SOON = Backoff(first=0.02, longest=0.05, manual=0.05)
TIMES = (1, 6)
"""A fault that the connector's own short retries end, and one that they do not."""

CASES = [
    *itertools.product(REQUEST_FAULTS, STEPS),
    *((kind, step) for kind in RECORD_FAULTS for step in STEPS if step != "lookup"),
]
ACCOUNTS = ("default", "acme")


def test_the_matrix_has_nearly_two_hundred_combinations() -> None:
    assert len(CASES) * len(TIMES) * 2 > 180


@dataclass(frozen=True, slots=True)
class FaultDeployment:
    """One deployment and one org for all cases."""

    settings: Settings
    sandbox: SandboxClient


@pytest.fixture(scope="module")
def org() -> Iterator[SandboxClient]:
    with run_sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def deployment(kafka: str, org: SandboxClient) -> Settings:
    return asyncio.run(create_crm_topics(kafka, fresh_prefix(), org))


@pytest.fixture
def place(deployment: Settings, org: SandboxClient) -> Iterator[FaultDeployment]:
    org.clear_faults()
    yield FaultDeployment(deployment, org)
    org.clear_faults()


class Worker:
    """A hand-over consumer that can be killed: what it has in memory is lost, its request goes on."""

    def __init__(self, settings: Settings, sandbox: SandboxClient) -> None:
        self._settings = settings
        self._connection = sandbox.connection()
        self._task: asyncio.Task[None] | None = None
        self.consumer: HandOverConsumer | None = None

    def start(self) -> None:
        # A session that is refused right after its login is a pause of a minute: here it is less than 0.1 s.
        tokens = TokenProvider(self._connection, clock=lambda: 1000 * time.monotonic())
        delivery = Delivery(OrgClient(self._connection, tokens), default_mapping, BRISK)
        self.consumer = HandOverConsumer(self._settings, OrgDeliveries.of_one(delivery, SOON))
        self._task = asyncio.create_task(self.consumer.run())

    def has_lag(self) -> bool:
        """Whether hand-overs wait, as far as the consumer knows: cheaper to ask than the broker."""
        lags = {} if self.consumer is None else self.consumer.lags()
        return len(lags) < self._settings.partitions or any(lags.values())

    async def kill(self) -> None:
        assert self._task is not None
        assert not self._task.done(), self._task.exception()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@pytest.fixture
async def worker(place: FaultDeployment) -> AsyncIterator[Worker]:
    worker = Worker(place.settings, place.sandbox)
    worker.start()
    yield worker
    await worker.kill()


@pytest.mark.parametrize(("kind", "step"), [pytest.param(*case, id="-".join(case)) for case in CASES])
async def test_a_fault_loses_and_doubles_nothing(
    place: FaultDeployment, worker: Worker, hand_over: HandOverFactory, kind: str, step: str
) -> None:
    settings, sandbox = place.settings, place.sandbox
    before = await committed_count(settings)
    sent = 0
    offsets = itertools.count(1)
    combinations = [(times, crash) for times in TIMES for crash in (False, True)]
    names = {each: f"{kind}-{step}-{each[0]}-{'crash' if each[1] else 'steady'}" for each in combinations}
    first = [
        of(hand_over, account, f"old-{name}", next(offsets), "Older")
        for name in names.values()
        for account in ACCOUNTS
    ]
    await hand_over_all(settings, *first)
    sent += len(first)
    await answered(worker, settings, before + sent)
    typed = {key: lead for key, lead in leads_of(sandbox).items() if f"old-{kind}-{step}-" in key}
    type_companies(sandbox, [lead["Id"] for [lead] in typed.values()])
    for times, crash in combinations:
        name = names[times, crash]
        method, path = STEPS[step]
        # Of a record's fault each record has its own; a request's fault hits the requests as they come.
        sandbox.add_fault(kind, method=method, path=path, times=times, seconds=0.3)
        struck = len(sandbox.requests(path))
        batch = [
            of(hand_over, account, f"{age}-{name}", next(offsets), "Newer")
            for age in ("old", "new")
            for account in ACCOUNTS
        ]
        await hand_over_all(settings, *batch)
        sent += len(batch)
        if crash:
            await until(lambda: len(sandbox.requests(path)) > struck, "the fault strikes")  # noqa: B023
            await worker.kill()
            worker.start()
        await answered(worker, settings, before + sent)
        sandbox.clear_faults()
    check_org(sandbox, names.values())
    await check_answers(settings, names.values())


def of(hand_over: HandOverFactory, account: str, contact: str, offset: int, last_name: str) -> LeadHandOver:
    properties = {"last_name": last_name, "company": "Engines"}
    return for_account(account, hand_over(contact, offset, properties=properties))


async def answered(worker: Worker, settings: Settings, count: int) -> None:
    async def is_so() -> bool:
        return not worker.has_lag() and await committed_count(settings) >= count

    await until(is_so, f"{count} answered")


def leads_of(sandbox: SandboxClient) -> dict[str, list[dict[str, str]]]:
    """The live Leads of each key."""
    leads: dict[str, list[dict[str, str]]] = {}
    for lead in sandbox.live_records("Lead"):
        leads.setdefault(lead["Leadstream_Id__c"], []).append(lead)
    return leads


def type_companies(sandbox: SandboxClient, leads: list[str]) -> None:
    """What a person types in the org."""
    api = OrgApi(sandbox)
    for lead in leads:
        assert api("PATCH", f"sobjects/Lead/{lead}", {"Company": "Typed"}).ok


def check_org(sandbox: SandboxClient, names: Collection[str]) -> None:
    leads = leads_of(sandbox)
    members = Counter(member["LeadId"] for member in sandbox.live_records("CampaignMember"))
    for name, account, age in itertools.product(names, ACCOUNTS, ("old", "new")):
        [lead] = leads[f"{account}/{age}-{name}"]
        company = "Typed" if age == "old" else "Engines"
        assert (lead["LastName"], lead["Company"]) == ("Newer", company), name
        assert members[lead["Id"]] == 1, name


async def check_answers(settings: Settings, names: Collection[str]) -> None:
    """Each hand-over has one answer, however often it was written."""
    ids: dict[tuple[str, str], set[str]] = {}
    for event in await events_of(settings, "crm-results"):
        assert event["type"] == "crm.linked", event
        ids.setdefault((event["contact"], event["hand_over"]), set()).add(event["id"])
    own = [each for (contact, _), each in ids.items() if contact.partition("-")[2] in names]
    assert len(own) == len(ACCOUNTS) * len(names) * 3
    assert all(len(each) == 1 for each in own)

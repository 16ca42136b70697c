"""Of several workers one polls: the owner of partition 0 of `qualified-leads`; another one takes its turn over."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.crm.factory import build_handover_consumer
from agents.crm.handovers.handover_consumer import HandOverConsumer
from agents.crm.opportunities import opportunity_poller
from agents.crm.opportunities.opportunity_poller import OpportunityPoller
from agents.crm.opportunities.opportunity_pollers import OpportunityPollers
from agents.crm.opportunities.polls import build_polls
from connectors.salesforce.org.directory import OrgDirectory
from streams.errors import BrokerUnavailable
from streams.settings import Settings
from tests.harness.salesforce.crm_process import (
    QUICK,
    create_crm_topics,
    default_mapping,
    events_of,
    produce,
    running,
    until,
)
from tests.harness.salesforce.sandbox import SPRING, SandboxClient
from tests.integration.salesforce.opportunities.test_orgs import releases_of


@pytest.fixture
async def settings(kafka: str, prefix: str, sandbox: SandboxClient) -> Settings:
    return await create_crm_topics(kafka, prefix, sandbox, session_ms=6_000)


def worker_of(settings: Settings) -> tuple[HandOverConsumer, OpportunityPollers]:
    """The parts of one worker's process that talk to Salesforce."""
    directory = OrgDirectory.from_settings(settings)
    consumer = build_handover_consumer(settings, directory, default_mapping, backoff=QUICK)
    releases = releases_of("default")
    return consumer, OpportunityPollers.of_orgs(settings, directory, lambda: releases, QUICK, consumer.poll_turn)


async def test_one_of_two_workers_polls_and_the_other_takes_its_turn_over(
    settings: Settings, sandbox: SandboxClient
) -> None:
    fields = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "CampaignId": SPRING}
    opportunity = sandbox.post("record", type="Opportunity", **fields, Amount=10)["Id"]
    first, first_pollers = worker_of(settings)
    second, second_pollers = worker_of(settings)
    async with running(second), running(second_pollers):
        async with running(first), running(first_pollers):
            await until(
                lambda: (first.poll_turn() is None) != (second.poll_turn() is None) and both_own(first, second),
                "each worker owns a partition, and one polls",
            )
            pollers = first_pollers if first.poll_turn() is not None else second_pollers
            idle = second_pollers if pollers is first_pollers else first_pollers
            await polls_on(pollers)  # meanwhile a poll of the other one that was under way has ended
            former_poll = idle.polled_at
            await polls_on(pollers)
            assert idle.polled_at == former_poll
        sandbox.post("clock", advance=1)
        sandbox.post("win", opportunity=opportunity, amount=20)

        async def is_told() -> bool:
            return {each.get("amount") for each in await events_of(settings, "crm-opportunities")} == {"10", "20"}

        await until(is_told, "the one that is left polls")
        assert second.poll_turn() is not None
    assert len({each["id"] for each in await events_of(settings, "crm-opportunities")}) == 2


async def test_what_a_poll_finds_whose_turn_is_over_is_left_to_the_next_turn(
    settings: Settings, sandbox: SandboxClient
) -> None:
    fields = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "CampaignId": SPRING}
    sandbox.post("record", type="Opportunity", **fields)
    directory = OrgDirectory.from_settings(settings)
    [poll] = build_polls(directory, lambda: releases_of("default")).values()
    turns = iter([1, 1])  # it begins, is in its turn, and no more when the org has answered
    poller = OpportunityPoller(settings, poll, backoff=QUICK, turn=lambda: next(turns, None))
    async with running(poller):
        await until(lambda: poller.polled_at is not None, "the answer")
    assert poll.report.kept_count == 1
    assert await events_of(settings, "crm-opportunities") == []


class LosingProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka publishes no types
    """Kafka takes no event of one opportunity."""

    lost = b""

    async def send(self, topic: str, value: bytes, key: bytes) -> Any:
        """Returns a future that fails for the lost opportunity."""
        if key != self.lost:
            return await super().send(topic, value, key)
        failed = asyncio.get_running_loop().create_future()
        failed.set_exception(KafkaError("not enough replicas"))
        return failed


async def test_the_event_that_says_how_far_a_poll_saw_is_written_after_all_others(
    settings: Settings, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "CampaignId": SPRING}
    first = sandbox.post("record", type="Opportunity", **fields)["Id"]
    sandbox.post("clock", advance=1)
    last = sandbox.post("record", type="Opportunity", **fields)["Id"]
    [poll] = build_polls(OrgDirectory.from_settings(settings), lambda: releases_of("default")).values()
    with monkeypatch.context() as patch:
        patch.setattr(opportunity_poller, "AIOKafkaProducer", LosingProducer)
        patch.setattr(LosingProducer, "lost", first.encode())
        with pytest.raises(BrokerUnavailable):
            await asyncio.wait_for(OpportunityPoller(settings, poll, backoff=QUICK).run(), 60)
    assert await events_of(settings, "crm-opportunities") == []
    poller = OpportunityPoller(settings, poll, backoff=QUICK)
    async with running(poller):
        await until(lambda: poller.event_count == 2, "both opportunities")
    versions = {each["opportunity"]: each["version"] for each in await events_of(settings, "crm-opportunities")}
    assert versions[first] < versions[last]


async def test_once_a_day_what_the_topic_says_is_compared_with_the_org(
    settings: Settings, sandbox: SandboxClient
) -> None:
    fields = {"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-09-01", "CampaignId": SPRING}
    sandbox.post("record", type="Opportunity", **fields, Amount=10)
    directory = OrgDirectory.from_settings(settings)
    [poll] = build_polls(directory, lambda: releases_of("default")).values()
    poller = OpportunityPoller(settings, poll, backoff=QUICK)
    async with running(poller):
        await until(lambda: poller.event_count == 1, "the opportunity")
        [event] = await events_of(settings, "crm-opportunities")
        late = {**event, "id": "late", "amount": "9", "version": event["version"] + 1}
        await produce(settings, "crm-opportunities", (event["opportunity"], json.dumps(late).encode()))
        sandbox.post("clock", advance=86_400)
        await until(lambda: poller.event_count == 2, "the state of the org, again")
    *_, last = await events_of(settings, "crm-opportunities")
    assert (last["amount"], last["id"]) == ("10", event["id"])
    assert last["version"] > late["version"]


async def polls_on(pollers: OpportunityPollers) -> None:
    former = pollers.polled_at or 0
    await until(lambda: (pollers.polled_at or 0) > former + 500, "the owner polls on")


def both_own(*consumers: HandOverConsumer) -> bool:
    return all(consumer.lags().keys() or consumer.poll_turn() is not None for consumer in consumers)

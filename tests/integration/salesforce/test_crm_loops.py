"""From `qualified-leads` to Salesforce and back, on a real Kafka and over HTTP."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable
from typing import Any

from aiokafka import AIOKafkaProducer

from agents.crm.factory import build_handover_consumer
from agents.crm.handovers.handover_consumer import HandOverConsumer
from agents.crm.handovers.org_deliveries import OrgDeliveries
from agents.crm.main import run
from agents.crm.opportunities.opportunity_pollers import OpportunityPollers
from connectors.salesforce.handover.delivery import Delivery
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.directory import OrgDirectory
from schemas.definitions import Salesforce
from streams.engine.journal.effects import Append, SourceRecord
from streams.engine.journal.validate import EventValidator
from streams.runtime.process.supervisor import child_environment
from streams.settings import Settings
from tests.harness.kafka.topic_reader import end_offsets
from tests.harness.salesforce.crm_process import (
    BRISK,
    QUICK,
    HandOverFactory,
    commit_at,
    committed_count,
    consumer_of,
    events_of,
    produce,
    read_all,
    record_of,
    running,
    until,
)
from tests.harness.salesforce.sandbox import SPRING, SandboxClient


def build_loops(settings: Settings) -> tuple[HandOverConsumer, OpportunityPollers]:
    """What hands over and what polls, for the one org of the settings."""
    directory = OrgDirectory.from_settings(settings)
    consumer = build_handover_consumer(settings, directory, lambda account: Salesforce(), backoff=QUICK)
    return consumer, OpportunityPollers.of_orgs(settings, directory, list, QUICK)


async def test_hand_overs_arrive_in_salesforce_and_their_answers_in_crm_results(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    contacts = [f"c{number}" for number in range(30)]
    await produce(settings, "qualified-leads", *(record_of(hand_over(contact)) for contact in contacts))
    async with running(consumer_of(settings)):
        await until(lambda: _equals(committed_count(settings), 30), "30 hand-overs committed")
    assert {lead["Leadstream_Id__c"] for lead in sandbox.live_records("Lead")} == {
        f"default/{each}" for each in contacts
    }
    answers = await events_of(settings, "crm-results")
    assert sorted(answer["contact"] for answer in answers) == sorted(contacts)
    assert {answer["type"] for answer in answers} == {"crm.linked"}


async def _equals(value: Awaitable[int], expected: int) -> bool:
    return await value == expected


async def test_a_repeat_after_a_death_before_the_commit_creates_nothing_twice(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    await produce(settings, "qualified-leads", *(record_of(hand_over(f"c{number}")) for number in range(5)))
    for _ in range(2):
        async with running(consumer_of(settings)):
            await until(lambda: _equals(committed_count(settings), 5), "5 hand-overs committed")
        await commit_at(settings, 0)
    assert len(sandbox.live_records("Lead")) == len(sandbox.live_records("CampaignMember")) == 5
    ids = [answer["id"] for answer in await events_of(settings, "crm-results")]
    assert (len(ids), len(set(ids))) == (10, 5)


async def test_at_rest_the_group_has_no_lag_though_the_log_ends_with_a_transaction(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    topic = settings.prefix + "qualified-leads"
    writer: Any = AIOKafkaProducer(bootstrap_servers=settings.bootstrap, transactional_id=f"{settings.prefix}slot")
    await writer.start()
    async with writer.transaction():
        key, value = record_of(hand_over("ann"))
        await writer.send_and_wait(topic, value, key.encode())
    await writer.stop()
    async with running(consumer_of(settings)):

        async def without_lag() -> bool:
            return (
                await committed_count(settings) == sum((await end_offsets(settings.bootstrap, topic)).values()) == 2
            )

        await until(without_lag, "the group stands at the end of the log, behind the transaction's marker")


async def test_a_refused_login_is_reported_in_one_line_and_loses_nothing(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    sandbox.post("settings", refuse_login=True)
    await produce(settings, "qualified-leads", record_of(hand_over()))
    consumer = consumer_of(settings)
    async with running(consumer):
        await until(lambda: _awaitable(consumer.outage_logs[0].current_problem is not None), "a complaint")
        assert "refuses the login" in str(consumer.outage_logs[0].current_problem)
        sandbox.post("settings", refuse_login=False)
        await until(lambda: _equals(committed_count(settings), 1), "the hand-over committed")
        assert consumer.outage_logs[0].current_problem is None
    assert len(sandbox.live_records("Lead")) == 1


async def _awaitable(holds: bool) -> bool:
    return holds


async def test_an_outage_of_salesforce_delays_hand_overs_and_loses_nothing(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    sandbox.add_fault("html_503", times=12)
    sandbox.add_fault("drop_after_commit", path="composite", times=3)
    await produce(settings, "qualified-leads", *(record_of(hand_over(f"c{number}")) for number in range(8)))
    async with running(consumer_of(settings)):
        await until(lambda: _equals(committed_count(settings), 8), "8 hand-overs committed")
    assert len(sandbox.live_records("Lead")) == len(sandbox.live_records("CampaignMember")) == 8


async def test_a_record_that_is_no_hand_over_is_a_dead_letter_and_blocks_nothing(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    await produce(settings, "qualified-leads", ("x", b'{"id": 3}'), record_of(hand_over()))
    async with running(consumer_of(settings)):
        await until(lambda: _equals(committed_count(settings), 2), "both committed")
    [letter] = await read_all(settings, "dead-letters")
    assert letter.value == b'{"id": 3}'
    assert dict(letter.headers)["error-code"] == b"not_a_handover"
    assert len(sandbox.live_records("Lead")) == 1


async def test_a_new_owner_repairs_a_late_write_of_the_former_one(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    newer = hand_over(offset=9, properties={"last_name": "Newer", "company": "N"})
    await produce(settings, "qualified-leads", record_of(newer))
    async with running(consumer_of(settings)):
        await until(lambda: _equals(committed_count(settings), 1), "the hand-over committed")
    org = OrgClient(sandbox.connection())
    [lead] = sandbox.live_records("Lead")
    late = {"attributes": {"type": "Lead"}, "id": lead["Id"], "LastName": "Older", "Leadstream_Number__c": "0/3/0"}
    org.write_collection("PATCH", "composite/sobjects", [late])
    second_consumer = HandOverConsumer(
        settings, OrgDeliveries.of_one(Delivery(org, lambda account: Salesforce()), QUICK), repair_seconds=0.1
    )
    async with running(second_consumer):
        await until(lambda: _awaitable(sandbox.live_records("Lead")[0]["LastName"] == "Newer"), "the repair")


async def test_each_change_of_an_opportunity_is_published_once_across_a_restart(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    consumer, poller = build_loops(settings)
    await produce(settings, "qualified-leads", record_of(hand_over()))
    async with running(consumer):
        await until(lambda: _equals(committed_count(settings), 1), "the hand-over committed")
    conversion = sandbox.post("convert", lead=sandbox.live_records("Lead")[0]["Id"], amount=1000)
    async with running(poller):
        await until(lambda: _has_opportunity_records(settings, 1), "the opportunity")
    sandbox.post("clock", advance=1)
    sandbox.post("win", opportunity=conversion["opportunity"], amount=1234.5)
    restarted_poller = build_loops(settings)[1]
    async with running(restarted_poller):
        await until(lambda: _has_opportunity_records(settings, 2), "the win")
    records = await read_all(settings, "crm-opportunities")
    first, second = (json.loads(each.value) for each in records)
    assert {each.key for each in records} == {conversion["opportunity"].encode()}
    assert (first["won"], first["amount"], second["won"], second["amount"]) == (False, "1000", True, "1234.5")
    assert (second["contact"], second["campaign"], second["crm_campaign"]) == ("ada", "spring-trial", SPRING)


async def _has_opportunity_records(settings: Settings, number: int) -> bool:
    return len(await events_of(settings, "crm-opportunities")) >= number


async def test_the_pipeline_accepts_the_events_of_the_loops(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    consumer, poller = build_loops(settings)
    unknown = hand_over("bob", crm_campaign="701000000000000AAA")
    await produce(settings, "qualified-leads", record_of(hand_over()), record_of(unknown))
    async with running(consumer):
        await until(lambda: _equals(committed_count(settings), 2), "both committed")
    for lead in sandbox.live_records("Lead"):
        sandbox.post("convert", lead=lead["Id"])
    async with running(poller):
        await until(lambda: _has_opportunity_records(settings, 2), "the opportunities")
    validator = EventValidator("wall")
    for topic in ("crm-results", "crm-opportunities"):
        for each in await read_all(settings, topic):
            source = SourceRecord(topic, 0, 0, each.timestamp, each.key, each.value, (), each.timestamp + 2_000)
            assert isinstance(validator.validate(source), Append), each.value
    assert sorted(event["type"] for event in await events_of(settings, "crm-results")) == ["crm.failed", "crm.linked"]


async def test_the_mapping_is_that_of_the_release_in_force(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    fields = {"LastName": {"value": "Mapped"}, "Company": {"property": "company", "default": "none"}}
    release = {
        "id": "r1",
        "type": "definitions.applied",
        "account": "default",
        "based_on": 0,
        "at": "2026-01-01T00:00:00Z",
        "definitions": {"account": "default", "salesforce": {"lead_fields": fields}},
    }
    await produce(settings, "definitions", ("default", json.dumps(release).encode()))
    await produce(settings, "qualified-leads", record_of(hand_over()))
    stopping = asyncio.Event()
    process = asyncio.create_task(run(settings, stopping, QUICK))
    await until(lambda: _equals(committed_count(settings), 1), "the hand-over committed")
    stopping.set()
    await asyncio.wait_for(process, 60)
    assert [lead["LastName"] for lead in sandbox.live_records("Lead")] == ["Mapped"]


async def test_the_process_stops_cleanly_on_sigterm(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    await produce(settings, "qualified-leads", *(record_of(hand_over(f"c{number}")) for number in range(3)))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agents.crm.main"),
        env=child_environment(settings),
        stdin=asyncio.subprocess.PIPE,
    )
    try:
        await until(lambda: _equals(committed_count(settings), 3), "3 hand-overs committed")
    finally:
        process.terminate()
    assert await asyncio.wait_for(process.wait(), 60) == 0


async def test_a_process_killed_during_requests_hands_over_everything_once(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    settings = settings.model_copy(update={"name": "w1"})
    sandbox.add_fault("slow_after_commit", path="composite", times=-1, seconds=5)  # longer than the kill takes
    contacts = [f"c{number}" for number in range(300)]
    await produce(settings, "qualified-leads", *(record_of(hand_over(contact)) for contact in contacts))
    for _ in range(3):
        before = len(sandbox.requests("composite"))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agents.crm.main"),
            env=child_environment(settings),
            stdin=asyncio.subprocess.PIPE,
        )
        await until(lambda: _awaitable(len(sandbox.requests("composite")) > before), "a write under way")  # noqa: B023
        process.kill()
        await process.wait()
    sandbox.clear_faults()
    async with running(consumer_of(settings)):
        await until(lambda: _equals(committed_count(settings), 300), "300 hand-overs committed")
    keys = [lead["Leadstream_Id__c"] for lead in sandbox.live_records("Lead")]
    assert sorted(keys) == sorted(f"default/{contact}" for contact in contacts)
    assert len(sandbox.live_records("CampaignMember")) == 300
    answered_contacts = {answer["contact"] for answer in await events_of(settings, "crm-results")}
    assert answered_contacts == set(contacts)


async def test_a_late_write_of_a_stopped_worker_is_repaired(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    await produce(settings, "qualified-leads", record_of(hand_over(offset=1, properties={"last_name": "Older"})))
    # Every query, since the poll of opportunities asks at the same time; longer than the stop takes.
    sandbox.add_fault("slow_after_commit", path="queryAll", times=-1, seconds=8)
    stopped_worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agents.crm.main"),
        env=child_environment(settings),
        stdin=asyncio.subprocess.PIPE,
    )
    await until(lambda: _awaitable(_query_count(sandbox) > 0), "the look before the write")
    stopped_worker.send_signal(signal.SIGSTOP)
    sandbox.clear_faults()
    try:
        newer = hand_over(offset=2, properties={"last_name": "Newer", "company": "N"})
        await produce(settings, "qualified-leads", record_of(newer))
        org = OrgClient(sandbox.connection())
        delivery = Delivery(org, lambda account: Salesforce(), BRISK)
        successor = HandOverConsumer(settings, OrgDeliveries.of_one(delivery, QUICK), repair_seconds=0.3)
        async with running(successor):
            await until(lambda: _equals(committed_count(settings), 2), "both committed by the new owner")
            before = len(sandbox.requests("composite/sobjects/Lead"))
            stopped_worker.send_signal(signal.SIGCONT)
            await until(
                lambda: _awaitable(len(sandbox.requests("composite/sobjects/Lead")) > before), "the late write"
            )
            await until(lambda: _awaitable(_last_names(sandbox) == ["Newer"]), "the repair")
    finally:
        stopped_worker.kill()
        await stopped_worker.wait()
    assert len(sandbox.live_records("Lead")) == len(sandbox.live_records("CampaignMember")) == 1


def _query_count(sandbox: SandboxClient) -> int:
    """How often the consumer has looked for records; the polls of opportunities ask for Leads, too."""
    look = "FROM Lead WHERE Leadstream_Id__c IN"
    return len([each for each in sandbox.requests("queryAll") if look in each["query"].get("q", "")])


def _last_names(sandbox: SandboxClient) -> list[str]:
    return [lead["LastName"] for lead in sandbox.live_records("Lead")]

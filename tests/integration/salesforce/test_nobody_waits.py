"""Nobody holds up anybody else: accounts that stand still, records that are refused, and all the others."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from typing import Any

import pytest

from connectors.salesforce.handover.handover_records import LeadHandOver
from connectors.salesforce.handover.mapping import DEFAULT_LEAD_FIELDS
from schemas.definitions import LeadField, Salesforce
from streams.runtime.process.supervisor import child_environment
from streams.settings import Settings
from streams.store.handovers.progress import MAX_TEXT_BYTES
from tests.harness.salesforce.crm_process import (
    HandOverFactory,
    committed_count,
    consumer_of,
    create_crm_topics,
    events_of,
    for_account,
    hand_over_all,
    produce,
    progress_of,
    running,
    stopped_in,
    until,
)
from tests.harness.salesforce.sandbox import SandboxClient

UPSERT = "composite/sobjects/Lead"
FIT = Salesforce()
MISFIT = Salesforce(lead_fields={**DEFAULT_LEAD_FIELDS, "Plan__c": LeadField(value="gold")})


class Mappings:
    """The mappings of accounts, which a test changes as a release would."""

    def __init__(self, **accounts: Salesforce) -> None:
        self.accounts = accounts

    def __call__(self, account: str) -> Salesforce:
        return self.accounts.get(account, FIT)


@pytest.fixture
async def settings(kafka: str, prefix: str, sandbox: SandboxClient) -> Settings:
    return await create_crm_topics(kafka, prefix, sandbox, salesforce_record_patience_ms=1_000)


def keys_of(sandbox: SandboxClient) -> set[str]:
    return {lead["Leadstream_Id__c"] for lead in sandbox.live_records("Lead")}


async def answers_of(settings: Settings) -> dict[tuple[str, str], Counter[str]]:
    """Account and contact -> how often each kind of answer was written."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for event in await events_of(settings, "crm-results"):
        found.setdefault((event["account"], event["contact"]), Counter())[event["type"]] += 1
    return found


async def test_a_mapping_that_does_not_fit_stops_its_own_account_only_until_it_is_mended(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    mappings = Mappings(acme=MISFIT)
    consumer = consumer_of(settings, mappings)
    first = [for_account("acme", hand_over(f"a{each}", each)) for each in range(5)]
    await hand_over_all(settings, *first, hand_over("bob", 5), hand_over("cleo", 6))
    async with running(consumer):
        await until(lambda: keys_of(sandbox) == {"default/bob", "default/cleo"}, "the other account's Leads")

        async def has_passed() -> bool:
            return await committed_count(settings) == 7 and await stopped_in(settings) == {"acme"}

        await until(has_passed, "the offsets pass, and say where acme stands")
        assert "Plan__c" in consumer.stops["acme"].reason
        await hand_over_all(settings, for_account("acme", hand_over("a0", 7)), hand_over("dora", 8))
        await until(lambda: "default/dora" in keys_of(sandbox), "later ones of others")
        mappings.accounts["acme"] = FIT

        async def is_level() -> bool:
            return await stopped_in(settings) == set() and await committed_count(settings) == 9

        await until(is_level, "acme has come up with the others")
        assert consumer.stops == {}
    assert keys_of(sandbox) == {
        "default/bob",
        "default/cleo",
        "default/dora",
        *(f"acme/a{each}" for each in range(5)),
    }
    assert len(sandbox.live_records("CampaignMember")) == 8
    answers = await answers_of(settings)
    assert answers.pop(("acme", "a0")) == {"crm.linked": 2}
    assert all(counts == {"crm.linked": 1} for counts in answers.values())
    assert len(answers) == 7


async def test_where_accounts_stand_survives_a_restart_and_a_second_account_that_stops(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    mappings = Mappings(acme=MISFIT, beta=FIT)
    await hand_over_all(
        settings, *(for_account(account, hand_over("ann", 1)) for account in ("acme", "beta")), hand_over("ann", 1)
    )
    async with running(consumer_of(settings, mappings)):
        await until(lambda: keys_of(sandbox) == {"beta/ann", "default/ann"}, "the Leads of two accounts")
    mappings.accounts["beta"] = MISFIT
    later = [for_account(account, hand_over("ben", 2)) for account in ("acme", "beta")]
    await hand_over_all(settings, *later, hand_over("ben", 2))
    async with running(consumer_of(settings, mappings)):
        await until(lambda: "default/ben" in keys_of(sandbox), "the third account goes on")

        async def have_stopped() -> bool:
            return await stopped_in(settings) == {"acme", "beta"}

        await until(have_stopped, "both stand still")
    mappings.accounts["acme"] = FIT
    async with running(consumer_of(settings, mappings)):
        await until(lambda: {"acme/ann", "acme/ben"} <= keys_of(sandbox), "acme goes on")

        async def one_is_left() -> bool:
            return await stopped_in(settings) == {"beta"}

        await until(one_is_left, "only beta stands still")
        assert "beta/ben" not in keys_of(sandbox)
    mappings.accounts["beta"] = FIT
    async with running(consumer_of(settings, mappings)):
        await until(lambda: "beta/ben" in keys_of(sandbox), "beta goes on")
    assert len(sandbox.live_records("Lead")) == len(sandbox.live_records("CampaignMember")) == 6
    answers = await answers_of(settings)
    assert all(counts.keys() == {"crm.linked"} for counts in answers.values())
    assert len(answers) == 6


async def test_a_record_that_is_refused_for_ever_is_set_aside_and_holds_up_nobody(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    sandbox.add_fault("lock_record", path=UPSERT, key="default/bob", times=-1)
    consumer = consumer_of(settings)
    await hand_over_all(settings, hand_over("bob", 1), hand_over("ann", 2))
    async with running(consumer):
        await until(lambda: keys_of(sandbox) == {"default/ann"}, "the other contact's Lead")
        assert await answers_of(settings) == {("default", "ann"): Counter({"crm.linked": 1})}
        assert await committed_count(settings) < 2, "the offset waits for the answer"
        await hand_over_all(settings, hand_over("cleo", 3))
        await until(lambda: "default/cleo" in keys_of(sandbox), "later batches go on")

        async def all_committed() -> bool:
            return await committed_count(settings) == 3

        await until(all_committed, "the refused one is set aside")
        assert consumer.set_aside == {"UNABLE_TO_LOCK_ROW": 1}
        assert consumer.refused_count == 0
    [refusal] = [each for each in await events_of(settings, "crm-results") if each["type"] == "crm.failed"]
    assert (refusal["contact"], refusal["code"]) == ("bob", "UNABLE_TO_LOCK_ROW")


async def test_a_later_hand_over_of_a_contact_waits_behind_and_both_are_answered(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    settings = settings.model_copy(update={"salesforce_record_patience_ms": 60_000})
    sandbox.add_fault("lock_record", path=UPSERT, key="default/bob", times=-1)
    older = hand_over("bob", 1, properties={"last_name": "Older", "company": "B"})
    newer = hand_over("bob", 2, properties={"last_name": "Newer", "company": "B"})
    consumer = consumer_of(settings)
    await hand_over_all(settings, older)
    async with running(consumer):
        await until(lambda: consumer.refused_count == 1, "the refusal")
        await hand_over_all(settings, newer, hand_over("ann", 3))
        await until(lambda: keys_of(sandbox) == {"default/ann"}, "others go on")
        sandbox.clear_faults()

        async def all_committed() -> bool:
            return await committed_count(settings) == 3

        await until(all_committed, "both are answered")
    [lead] = [each for each in sandbox.live_records("Lead") if each["Leadstream_Id__c"] == "default/bob"]
    assert lead["LastName"] == "Newer"
    assert (await answers_of(settings))["default", "bob"] == {"crm.linked": 2}


async def test_the_time_of_an_outage_does_not_count_against_a_record(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    sandbox.add_fault("lock_record", path=UPSERT, key="default/bob", times=-1)
    consumer = consumer_of(settings)
    await hand_over_all(settings, hand_over("bob", 1))
    async with running(consumer):
        await until(lambda: consumer.refused_count == 1, "the refusal")
        sandbox.add_fault("html_503", times=-1)
        await until(lambda: consumer.outage_logs[0].current_problem is not None, "the outage")
        requests = len(sandbox.requests())
        await until(lambda: len(sandbox.requests()) > requests + 20, "an outage of more than the record's patience")
        sandbox.clear_faults()
        await until(lambda: keys_of(sandbox) == {"default/bob"}, "the record is taken after the outage")
    assert consumer.set_aside == {}
    assert {each["type"] for each in await events_of(settings, "crm-results")} == {"crm.linked"}


async def test_a_thousand_hand_overs_that_wait_are_five_batches(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    settings = settings.model_copy(update={"salesforce_linger_ms": 2_000})
    await hand_over_all(settings, *(hand_over(f"c{each}", each) for each in range(1_000)))
    async with running(consumer_of(settings)):

        async def all_committed() -> bool:
            return await committed_count(settings) == 1_000

        await until(all_committed, "a thousand hand-overs committed")
    assert len(sandbox.requests(UPSERT)) == 5
    assert all(not each.stops for each in (await progress_of(settings)).values())


@pytest.mark.parametrize("max_bytes", [MAX_TEXT_BYTES, 1_000_000], ids=["as_usual", "more_than_the_broker_takes"])
async def test_of_very_many_accounts_that_stand_still_nothing_is_lost(
    settings: Settings,
    sandbox: SandboxClient,
    hand_over: HandOverFactory,
    monkeypatch: pytest.MonkeyPatch,
    max_bytes: int,
) -> None:
    monkeypatch.setattr("agents.crm.handover_consumer.MAX_TEXT_BYTES", max_bytes)
    accounts = [f"account-{each:03}-{'x' * 60}" for each in range(120)]
    misfits = Mappings(**dict.fromkeys(accounts, MISFIT))
    handovers = [for_account(account, hand_over("ann", each)) for each, account in enumerate(accounts)]
    await hand_over_all(settings, *handovers, hand_over("ann", 500))
    consumer = consumer_of(settings, misfits)
    async with running(consumer):
        await until(lambda: keys_of(sandbox) == {"default/ann"}, "the account that fits goes on")
        await until(lambda: len(consumer.stops) == 120, "all others stand still")

        async def are_committed() -> bool:
            progress = await progress_of(settings)
            has_texts = any(each.stops for each in progress.values())
            is_back = len(progress) == 2 and sum(each.offset for each in progress.values()) < 121
            return is_back and has_texts == (max_bytes == MAX_TEXT_BYTES)

        await until(are_committed, "the offset stays back at the accounts without room")
    async with running(consumer_of(settings)):

        async def is_level() -> bool:
            return await committed_count(settings) == 121 and await stopped_in(settings) == set()

        await until(is_level, "all are handed over")
    assert len(sandbox.live_records("Lead")) == len(sandbox.live_records("CampaignMember")) == 121
    answers = await events_of(settings, "crm-results")
    assert len({each["id"] for each in answers}) == 121


def release(number: int, *, fits: bool) -> tuple[str, bytes]:
    """A release of `acme`, whose mapping fits the org or not."""
    fields: dict[str, Any] = {"LastName": {"property": "last_name", "default": "x"}, "Company": {"value": "Engines"}}
    if not fits:
        fields["Plan__c"] = {"value": "gold"}
    record = {
        "id": f"r{number}",
        "type": "definitions.applied",
        "account": "acme",
        "based_on": number - 1,
        "at": "2026-01-01T00:00:00Z",
        "definitions": {"account": "acme", "salesforce": {"lead_fields": fields}},
    }
    return "acme", json.dumps(record).encode()


async def test_processes_that_are_killed_again_and_again_lose_and_double_nothing(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    settings = settings.model_copy(update={"name": "w1"})
    await produce(settings, "definitions", release(1, fits=False))
    accounts = ("acme", "default")
    sent: list[LeadHandOver] = []
    for turn in range(4):
        batch = [
            for_account(account, hand_over(f"c{contact}", 100 * turn + contact, properties={"last_name": f"T{turn}"}))
            for contact in range(20)
            for account in accounts
        ]
        sent += batch
        await hand_over_all(settings, *batch)
        if turn == 2:
            await produce(settings, "definitions", release(2, fits=True))
        before = len(sandbox.requests("composite"))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agents.crm.main"),
            env=child_environment(settings),
            stdin=asyncio.subprocess.PIPE,
        )
        await until(lambda: len(sandbox.requests("composite")) > before, "a write under way")  # noqa: B023
        process.kill()
        await process.wait()
    async with running(consumer_of(settings)):

        async def is_level() -> bool:
            return await committed_count(settings) == len(sent) and await stopped_in(settings) == set()

        await until(is_level, "everything is answered")
    leads = {lead["Leadstream_Id__c"]: lead["LastName"] for lead in sandbox.live_records("Lead")}
    assert leads == {f"{account}/c{contact}": "T3" for account in accounts for contact in range(20)}
    assert len(sandbox.live_records("Lead")) == len(sandbox.live_records("CampaignMember")) == 40
    answers = await events_of(settings, "crm-results")
    assert {each["type"] for each in answers} == {"crm.linked"}
    assert {each["hand_over"] for each in answers} == {each.id for each in sent}
    assert len({each["id"] for each in answers}) == len(sent)

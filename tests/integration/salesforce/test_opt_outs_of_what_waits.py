"""SPEC section 8: a contact whose consent forbids it is not handed over, however long its hand-over waited."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from agents.crm.handovers import handover_consumer
from connectors.salesforce.handover.handover_records import LeadHandOver
from streams.settings import Settings
from streams.store.handovers.commands import HandOverPause, encode_command
from tests.harness.salesforce.crm_process import (
    HandOverFactory,
    all_committed,
    committed_count,
    consumer_of,
    create_crm_topics,
    events_of,
    for_account,
    hand_over_all,
    produce,
    running,
    salesforce_command,
    stopped_in,
    until,
)
from tests.harness.salesforce.sandbox import SandboxClient

UPSERT = "composite/sobjects/Lead"


@pytest.fixture
async def settings(kafka: str, prefix: str, sandbox: SandboxClient) -> Settings:
    return await create_crm_topics(kafka, prefix, sandbox, salesforce_record_patience_ms=1_000)


async def answers(settings: Settings) -> dict[str, str]:
    """Contact -> the code of the last answer to its hand-overs, or its kind."""
    events = await events_of(settings, "crm-results")
    return {each["contact"]: each.get("code", each["type"]) for each in events if not each.get("update")}


def told(handover: LeadHandOver, **flags: bool) -> LeadHandOver:
    """What the engine tells of consent where the mapping has no update for it."""
    return msgspec.structs.replace(handover, type="lead.updated", **flags)


def keys_of(sandbox: SandboxClient) -> set[str]:
    return {lead["Leadstream_Id__c"] for lead in sandbox.live_records("Lead")}


async def test_when_hand_overs_go_on_whoever_opted_out_meanwhile_is_not_made(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The opt-outs stand far behind: the process has room for two hand-overs until they are answered."""
    monkeypatch.setattr(handover_consumer, "MAX_QUEUED", 2)
    names = ["ada", "bob", "cleo", "dora", "eve"]
    pause = HandOverPause("2026-03-01T10:00:00.000Z")
    await produce(settings, "crm-commands", (pause.key, encode_command(pause)))
    consumer = consumer_of(settings)
    async with running(consumer):
        await hand_over_all(settings, *(hand_over(name, offset) for offset, name in enumerate(names)))
        await until(lambda: len(consumer._queue) == 2, "the queue is full")
        await hand_over_all(
            settings,
            told(hand_over("ada", 10), do_not_sync=True),
            told(hand_over("dora", 11), do_not_sync=True),
            told(hand_over("eve", 12), do_not_sync=True),
            told(hand_over("eve", 13)),
        )
        await produce(settings, "crm-commands", (pause.key, None))
        await all_committed(settings, 9)
    assert keys_of(sandbox) == {"default/bob", "default/cleo", "default/eve"}
    assert await answers(settings) == {
        "ada": "do_not_sync",
        "bob": "crm.linked",
        "cleo": "crm.linked",
        "dora": "do_not_sync",
        "eve": "crm.linked",
    }


async def test_an_account_that_was_paused_makes_nobody_who_opted_out_also_for_the_next_worker(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    await salesforce_command(settings, "pause", "--account", "acme")
    waiting = [for_account("acme", hand_over(name, offset)) for offset, name in enumerate(("ada", "bob"))]
    await hand_over_all(settings, *waiting, hand_over("cleo", 2))
    async with running(consumer_of(settings)):
        await all_committed(settings, 3)
        opt_out = told(for_account("acme", hand_over("ada", 3)), do_not_sync=True)
        await hand_over_all(settings, opt_out, hand_over("dora", 4))
        await all_committed(settings, 5)
        assert keys_of(sandbox) == {"default/cleo", "default/dora"}
    async with running(consumer_of(settings)):
        await salesforce_command(settings, "resume", "--account", "acme")

        async def is_level() -> bool:
            return await stopped_in(settings) == set() and await committed_count(settings) == 5

        await until(is_level, "acme has come up with the others")
    assert keys_of(sandbox) == {"default/cleo", "default/dora", "acme/bob"}
    assert (await answers(settings))["ada"] == "do_not_sync"


async def test_what_was_set_aside_is_repeated_only_with_consent(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    for name in ("ada", "bob"):
        sandbox.add_fault("lock_record", path=UPSERT, key=f"default/{name}", times=-1)
    await hand_over_all(settings, hand_over("ada", 1), hand_over("bob", 2))
    async with running(consumer_of(settings)):
        await all_committed(settings, 2)
        sandbox.clear_faults()
        await hand_over_all(settings, told(hand_over("ada", 3), do_not_sync=True))
        await all_committed(settings, 3)
        output, notes = await salesforce_command(settings, "refused", "retry", "--all", "--yes")
        assert output == "1 lead will be handed over again\n"
        assert "1 lead of contacts that opted out since, which are not handed over, for example ada" in notes
        await until(lambda: keys_of(sandbox) == {"default/bob"}, "the other one is a Lead")
        output, _ = await salesforce_command(settings, "refused", "retry", "ada", "--yes", "--json", exit_code=1)
        plan: dict[str, Any] = json.loads(output)
        assert plan["retries"] == []
        assert plan["opted_out"] == [{"account": "default", "campaign": "spring-trial", "contact": "ada"}]
        await hand_over_all(settings, told(hand_over("ada", 4)))
        await all_committed(settings, 4)
        await salesforce_command(settings, "refused", "retry", "ada", "--yes")
        await until(lambda: keys_of(sandbox) == {"default/ada", "default/bob"}, "consent was given again")


async def test_a_repeat_that_is_asked_for_asks_for_consent_when_it_goes_out(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    """The opt-out comes after the request, and is passed by a worker that has not taken the request up yet."""
    sandbox.add_fault("lock_record", path=UPSERT, key="default/ada", times=-1)
    await hand_over_all(settings, hand_over("ada", 1))
    async with running(consumer_of(settings)):
        await all_committed(settings, 1)
    sandbox.clear_faults()
    await salesforce_command(settings, "pause", "--account", "default")
    await salesforce_command(settings, "refused", "retry", "ada", "--yes")
    other = consumer_of(settings)
    async with running(other):
        await until(lambda: "default" in other.stops, "the pause is known")
        await hand_over_all(settings, told(hand_over("ada", 2), do_not_sync=True))
        await all_committed(settings, 2)
    async with running(consumer_of(settings)):
        await salesforce_command(settings, "resume", "--account", "default")

        async def is_answered() -> bool:
            return (await answers(settings)).get("ada") == "do_not_sync"

        await until(is_answered, "the repeat is answered")
    assert keys_of(sandbox) == set()

"""What people command of hand-overs: a pause and its end, and another try for what was refused."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from connectors.salesforce.handover.handover_records import CampaignTarget, HandOverCampaign, HandOverResult
from streams.settings import Settings
from tests.harness.cli import leadstream
from tests.harness.salesforce.crm_process import (
    HandOverFactory,
    all_committed,
    consumer_of,
    create_crm_topics,
    events_of,
    for_account,
    hand_over_all,
    produce,
    read_all,
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


async def command(settings: Settings, *arguments: str, exit_code: int = 0) -> str:
    """The output of `leadstream salesforce ...`."""
    output, _ = await salesforce_command(settings, *arguments, exit_code=exit_code)
    return output


async def status_of(settings: Settings) -> dict[str, Any]:
    """What `leadstream status --json` says of Salesforce."""
    environment = {"LEADSTREAM_BOOTSTRAP": settings.bootstrap, "LEADSTREAM_PREFIX": settings.prefix}
    result = await asyncio.to_thread(leadstream, "status", "--json", env=environment)
    assert result.returncode == 0, result.stderr
    salesforce: dict[str, Any] = json.loads(result.stdout)["salesforce"]
    return salesforce


async def refused(settings: Settings, *arguments: str) -> list[dict[str, Any]]:
    answer = json.loads(await command(settings, "refused", "list", "--json", *arguments))
    assert answer["count"] == len(answer["refused"])
    rows: list[dict[str, Any]] = answer["refused"]
    return rows


def keys_of(sandbox: SandboxClient) -> set[str]:
    return {lead["Leadstream_Id__c"] for lead in sandbox.live_records("Lead")}


async def test_a_pause_stops_all_hand_overs_across_a_restart_until_they_are_resumed(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    consumer = consumer_of(settings)
    async with running(consumer):
        await hand_over_all(settings, hand_over("ann", 1))
        await until(lambda: keys_of(sandbox) == {"default/ann"}, "hand-overs go on")
        assert await command(settings, "pause", "--by", "jo") == "hand-overs are paused\n"
        await until(lambda: consumer.pause is not None, "the worker follows")
        assert consumer.pause is not None
        assert consumer.pause.by == "jo"
        before = len(sandbox.requests())
        await hand_over_all(settings, hand_over("ben", 2))
        await until(lambda: sum(consumer.lags().values()) == 1, "the hand-over waits")
    restarted = consumer_of(settings)
    async with running(restarted):
        await until(lambda: sum(restarted.lags().values()) == 1, "it waits for the next worker, too")
        assert len(sandbox.requests()) == before
        told = await status_of(settings)
        assert told["waiting"] == {"records": 1, "exact": True}
        assert [(each["account"], each["by"]) for each in told["paused"]] == [(None, "jo")]
        assert "already" in await command(settings, "pause")
        assert "go on" in await command(settings, "resume")
        await until(lambda: keys_of(sandbox) == {"default/ann", "default/ben"}, "nothing is lost")
        await all_committed(settings, 2)
    assert "were not paused" in await command(settings, "resume")


async def test_a_retry_of_a_contact_that_is_not_refused_names_it(settings: Settings) -> None:
    environment = {"LEADSTREAM_BOOTSTRAP": settings.bootstrap, "LEADSTREAM_PREFIX": settings.prefix}
    retried = await asyncio.to_thread(leadstream, "salesforce", "refused", "retry", "anna", env=environment)
    assert retried.returncode == 1
    assert retried.stderr.endswith("note: no refused lead that can be sent: anna\n")


async def test_a_pause_of_an_account_without_definitions_is_told(settings: Settings) -> None:
    environment = {"LEADSTREAM_BOOTSTRAP": settings.bootstrap, "LEADSTREAM_PREFIX": settings.prefix}
    paused = await asyncio.to_thread(leadstream, "salesforce", "pause", "--account", "acmee", env=environment)
    assert (paused.returncode, paused.stdout) == (0, "hand-overs of acmee are paused\n")
    assert paused.stderr.startswith("note: account 'acmee' has no definitions")


async def test_a_pause_of_one_account_holds_up_no_other(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    await command(settings, "pause", "--account", "acme")
    await hand_over_all(settings, for_account("acme", hand_over("ann", 1)), hand_over("ann", 2))
    async with running(consumer_of(settings)):
        await all_committed(settings, 2)
        assert keys_of(sandbox) == {"default/ann"}
        assert await stopped_in(settings) == {"acme"}
    restarted = consumer_of(settings)
    async with running(restarted):
        await until(lambda: "acme" in restarted.stops, "the pause is known")
        await hand_over_all(settings, for_account("acme", hand_over("ben", 3)), hand_over("ben", 4))
        await until(lambda: "default/ben" in keys_of(sandbox), "others go on")
        assert restarted.stops["acme"].is_paused
        assert [each["account"] for each in (await status_of(settings))["stopped"]] == ["acme"]
        await command(settings, "resume", "--account", "acme")
        await until(lambda: {"acme/ann", "acme/ben"} <= keys_of(sandbox), "the account goes on")

        async def none_stands_still() -> bool:
            return await stopped_in(settings) == set()

        await until(none_stands_still, "and is level with the others")
    answers = await events_of(settings, "crm-results")
    assert sorted((each["account"], each["contact"]) for each in answers) == [
        ("acme", "ann"),
        ("acme", "ben"),
        ("default", "ann"),
        ("default", "ben"),
    ]


async def test_what_was_set_aside_is_listed_and_goes_out_again_by_hand(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    for key in ("default/bob", "acme/eve"):
        sandbox.add_fault("lock_record", path=UPSERT, key=key, times=-1)
    await hand_over_all(settings, hand_over("bob", 1), for_account("acme", hand_over("eve", 2)), hand_over("ann", 3))
    async with running(consumer_of(settings)):
        await all_committed(settings, 3)
        rows = await refused(settings)
        assert {(each["account"], each["contact"], each["code"], each["retries"]) for each in rows} == {
            ("default", "bob", "UNABLE_TO_LOCK_ROW", 0),
            ("acme", "eve", "UNABLE_TO_LOCK_ROW", 0),
        }
        assert [each["contact"] for each in await refused(settings, "--account", "acme")] == ["eve"]
        assert await refused(settings, "--code", "STRING_TOO_LONG") == []
        answer = json.loads(await command(settings, "refused", "retry", "bob", "--json", "--yes", "--by", "jo"))
        assert answer["retries"] == [
            {"account": "default", "campaign": "spring-trial", "contact": "bob", "update": False, "retry": 1}
        ]

        async def is_refused_again() -> bool:
            return [each["retries"] for each in await refused(settings, "--account", "default")] == [1]

        await until(is_refused_again, "the first retry is refused, too")
        sandbox.clear_faults()
        await command(settings, "refused", "retry", "--all", "--yes")
        await until(lambda: {"default/bob", "acme/eve"} <= keys_of(sandbox), "both are taken")

        async def none_is_refused() -> bool:
            return await refused(settings) == []

        await until(none_is_refused, "nothing is refused any more")
    answers = [each for each in await events_of(settings, "crm-results") if each["contact"] == "bob"]
    assert [(each["type"], each.get("retry")) for each in answers] == [
        ("crm.failed", None),
        ("crm.failed", 1),
        ("crm.linked", 2),
    ]
    assert len({each["id"] for each in answers}) == 3
    commands = {each.key: each.value for each in await read_all(settings, "crm-commands")}
    assert set(commands.values()) == {None}, "every retry is ended"


@pytest.mark.parametrize("options", [[], ["--code", "no_record"]], ids=["both", "the update alone"])
async def test_a_retry_makes_the_record_that_an_update_did_not_find(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory, options: list[str]
) -> None:
    sandbox.add_fault("lock_record", path=UPSERT, key="default/bob", times=-1)
    await hand_over_all(settings, hand_over("bob", 1))
    async with running(consumer_of(settings)):
        await all_committed(settings, 1)
        update = msgspec.structs.replace(hand_over("bob", 2), type="lead.updated", occasions=("contact.status",))
        await hand_over_all(settings, update)
        await all_committed(settings, 2)
        assert [(each["code"], each["update"]) for each in await refused(settings)] == [
            ("UNABLE_TO_LOCK_ROW", False),
            ("no_record", True),
        ]
        sandbox.clear_faults()
        await command(settings, "refused", "retry", "bob", "--yes", *options)
        await until(lambda: keys_of(sandbox) == {"default/bob"}, "the contact is a Lead")

        async def none_is_refused() -> bool:
            return await refused(settings) == []

        await until(none_is_refused, "nothing is refused any more")
    assert len(sandbox.live_records("CampaignMember")) == 1


async def test_a_membership_that_was_refused_is_made_once_though_an_update_was_linked_since(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    missing = CampaignTarget("7015A000000NoneAAA", "Responded")
    refused_one = msgspec.structs.replace(hand_over("bob", 1), campaign=HandOverCampaign("spring-trial", missing))
    update = msgspec.structs.replace(hand_over("bob", 2), type="lead.updated", occasions=("contact.status",))
    await hand_over_all(settings, refused_one)
    async with running(consumer_of(settings)):
        await all_committed(settings, 1)
        await hand_over_all(settings, update)
        await all_committed(settings, 2)
        answers = await events_of(settings, "crm-results")
        assert [(each["type"], each.get("update")) for each in answers] == [
            ("crm.failed", None),
            ("crm.linked", True),
        ]
        assert [(each["code"], each["update"]) for each in await refused(settings)] == [("campaign_unknown", False)]
        assert sandbox.live_records("CampaignMember") == []
        sandbox.post("record", type="Campaign", Id=missing.campaign, Name="Mended")
        await command(settings, "refused", "retry", "bob", "--yes")

        async def none_is_refused() -> bool:
            return await refused(settings) == []

        await until(none_is_refused, "nothing is refused any more")
    [member] = sandbox.live_records("CampaignMember")
    assert (member["CampaignId"], member["Status"]) == (missing.campaign, "Responded")
    [lead] = sandbox.live_records("Lead")
    assert lead["Leadstream_Number__c"] == "0/2/0"


async def test_both_a_hand_over_and_an_update_that_were_refused_go_out_again(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    sandbox.add_fault("lock_record", path=UPSERT, key="default/bob", times=-1)
    update = msgspec.structs.replace(hand_over("bob", 2), type="lead.updated", occasions=("contact.status",))
    await hand_over_all(settings, hand_over("bob", 1), update)
    async with running(consumer_of(settings)):
        await all_committed(settings, 2)
        assert {each["update"] for each in await refused(settings)} == {False, True}
        sandbox.clear_faults()
        asked = await _errors(settings, "refused", "retry", "--all", "--yes")
        assert "1 lead to hand over again" in asked

        async def none_is_refused() -> bool:
            return await refused(settings) == []

        await until(none_is_refused, "nothing is refused any more")
    last = [each for each in await events_of(settings, "crm-results") if each.get("retry")]
    assert [(each["type"], each.get("update")) for each in last] == [("crm.linked", None), ("crm.linked", True)]
    [lead] = sandbox.live_records("Lead")
    assert lead["Leadstream_Number__c"] == "0/2/0"
    assert len(sandbox.live_records("CampaignMember")) == 1


async def test_a_retry_that_a_crash_repeats_has_the_same_id(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    sandbox.add_fault("lock_record", path=UPSERT, key="default/bob", times=-1)
    await hand_over_all(settings, hand_over("bob", 1))
    async with running(consumer_of(settings)):
        await all_committed(settings, 1)
    sandbox.clear_faults()
    await command(settings, "refused", "retry", "bob", "--yes")
    [request] = await read_all(settings, "crm-commands")
    assert "asked for already" in await _errors(settings, "refused", "retry", "bob", "--yes")
    told = await _errors(settings, "refused", "retry", "bob", "zoe", "--yes", exit_code=1)
    assert "no refused lead that can be sent: zoe\n" in told
    for _ in range(2):
        async with running(consumer_of(settings)):

            async def is_ended() -> bool:
                return (await read_all(settings, "crm-commands"))[-1].value is None

            await until(is_ended, "the retry is answered")
        await produce(settings, "crm-commands", (request.key.decode(), request.value))
    answers = [each for each in await events_of(settings, "crm-results") if each.get("retry") == 1]
    assert len(answers) == 2
    assert len({each["id"] for each in answers}) == 1
    assert len(sandbox.live_records("Lead")) == len(sandbox.live_records("CampaignMember")) == 1


async def test_a_contact_is_found_however_its_id_is_written(
    kafka: str, prefix: str, sandbox: SandboxClient, hand_over: HandOverFactory
) -> None:
    settings = await create_crm_topics(kafka, prefix, sandbox, normalize_ids=True)
    handover = hand_over("bob@example.com", 1)
    await hand_over_all(settings, handover)
    failure = HandOverResult(handover, "failed", code="STRING_TOO_LONG", message="no")
    event = failure.to_event("2026-03-01T10:00:00.000Z")
    await produce(settings, "crm-results", ("default/bob@example.com", json.dumps(event).encode()))
    answer = json.loads(await command(settings, "refused", "retry", "Bob@Example.com", "--json", "--yes"))
    assert [each["contact"] for each in answer["retries"]] == ["bob@example.com"]


async def _errors(settings: Settings, *arguments: str, exit_code: int = 0) -> str:
    environment = {"LEADSTREAM_BOOTSTRAP": settings.bootstrap, "LEADSTREAM_PREFIX": settings.prefix}
    result = await asyncio.to_thread(leadstream, "salesforce", *arguments, env=environment)
    assert result.returncode == exit_code, result.stderr
    return result.stderr

"""Four ways in which one record can be refused for good: it is set aside, told, listed and sent again by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from streams.settings import Settings
from tests.harness.salesforce.crm_process import (
    HandOverFactory,
    all_committed,
    consumer_of,
    create_crm_topics,
    events_of,
    hand_over_all,
    running,
    until,
)
from tests.harness.salesforce.sandbox import SandboxClient
from tests.integration.salesforce.test_pause_and_retry import command, keys_of, refused


@dataclass(frozen=True)
class BadRecord:
    """What makes Salesforce refuse the record of one contact, its code, and how an administrator mends it."""

    code: str
    prepare: Callable[[SandboxClient], object]
    mend: Callable[[SandboxClient], object]


def hide_the_key(sandbox: SandboxClient) -> None:
    row = sandbox.post("record", type="Lead", LastName="X", Company="Y", Leadstream_Id__c="default/bob")
    sandbox.post("restrict", id=row["Id"], access="none")


def show_the_key(sandbox: SandboxClient) -> None:
    [row] = [each for each in sandbox.live_records("Lead") if each["LastName"] == "X"]
    sandbox.post("restrict", id=row["Id"], access="edit")


def block_the_double(sandbox: SandboxClient) -> None:
    sandbox.post("record", type="Lead", LastName="Known", Company="K", Email="bob@example.com")
    sandbox.post("duplicate_rule", action="block", fields=["Email"])


def delete_the_double(sandbox: SandboxClient) -> None:
    [row] = [each for each in sandbox.live_records("Lead") if each["LastName"] == "Known"]
    sandbox.post("delete", type="Lead", id=row["Id"])


BAD_RECORDS = [
    BadRecord(
        "UNABLE_TO_LOCK_ROW",
        lambda sandbox: sandbox.add_fault("lock_record", key="default/bob", times=-1),
        SandboxClient.clear_faults,
    ),
    BadRecord(
        "UNKNOWN_EXCEPTION",
        lambda sandbox: sandbox.add_fault(
            "record_error", key="default/bob", code="UNKNOWN_EXCEPTION", message="boom", times=-1
        ),
        SandboxClient.clear_faults,
    ),
    BadRecord("DUPLICATE_VALUE", hide_the_key, show_the_key),
    BadRecord("DUPLICATES_DETECTED", block_the_double, delete_the_double),
]


@pytest.fixture
async def settings(kafka: str, prefix: str, sandbox: SandboxClient) -> Settings:
    return await create_crm_topics(kafka, prefix, sandbox, salesforce_record_patience_ms=1_000)


@pytest.mark.parametrize("bad", BAD_RECORDS, ids=lambda bad: bad.code)
async def test_one_bad_record_is_set_aside_and_goes_out_once_it_is_mended(
    settings: Settings, sandbox: SandboxClient, hand_over: HandOverFactory, bad: BadRecord
) -> None:
    bad.prepare(sandbox)
    bob = {"last_name": "Bob", "company": "B", "email": "bob@example.com"}
    await hand_over_all(settings, hand_over("bob", 1, properties=bob), hand_over("ann", 2))
    async with running(consumer_of(settings)):
        await until(lambda: "default/ann" in keys_of(sandbox), "the other contact's Lead")
        await all_committed(settings, 2)
        [row] = await refused(settings)
        assert (row["contact"], row["code"], row["retries"]) == ("bob", bad.code, 0)
        bad.mend(sandbox)
        await command(settings, "refused", "retry", "bob", "--yes")

        async def none_is_refused() -> bool:
            return await refused(settings) == []

        await until(none_is_refused, "nothing is refused any more")
    answers = [each for each in await events_of(settings, "crm-results") if each["contact"] == "bob"]
    assert [(each["type"], each.get("retry")) for each in answers] == [("crm.failed", None), ("crm.linked", 1)]
    assert len([each for each in sandbox.live_records("Lead") if each["Leadstream_Id__c"] == "default/bob"]) == 1
    assert len(sandbox.live_records("CampaignMember")) == 2

"""A hand-over whose trace is sampled has a span from its first try to its answer, without any id of a person."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from aiokafka import TopicPartition

from agents.crm.handovers.answer_writer import AnswerWriter
from agents.crm.handovers.handover_queue import QueuedHandOver
from connectors.salesforce.handover.handover_records import (
    HandOverCampaign,
    HandOverContact,
    HandOverResult,
    LeadHandOver,
    LeadHandOverNumber,
)
from streams.kafka.batches import Headers
from streams.settings import Settings
from streams.tracing.spans import TracedStep
from tests.harness.tracing.memory_recorder import SAMPLED, UNSAMPLED, MemoryRecorder

LEADS = TopicPartition("qualified-leads", 3)


class AcknowledgingProducer:
    """Acknowledges everything."""

    async def send(self, _topic: str, _value: bytes, _key: bytes, headers: Any = ()) -> Any:
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        acknowledged.set_result(None)
        return acknowledged


def queued(headers: Headers, first_try: float | None) -> QueuedHandOver:
    handover = LeadHandOver(
        id="lead:default:spring:ada@example.com:1",
        at="2026-03-01T10:00:00.000Z",
        number=LeadHandOverNumber(0, 1, 0),
        account="default",
        contact="ada@example.com",
        campaign=HandOverCampaign("spring"),
        snapshot=HandOverContact({"last_name": "Lovelace"}),
    )
    return QueuedHandOver(handover, (LEADS, 17), headers=headers, first_try=first_try)


async def spans_of(item: QueuedHandOver, result: HandOverResult) -> list[TracedStep]:
    recorder = MemoryRecorder()
    writer = AnswerWriter(Settings(), AcknowledgingProducer(), recorder)  # type: ignore[arg-type]  # as much as is used
    await writer.write_results([(item, result)])
    return recorder.steps


async def test_it_says_what_came_of_it_and_how_long_it_took() -> None:
    item = queued(SAMPLED, time.monotonic() - 5)
    [span] = await spans_of(item, HandOverResult(item.handover, "linked", record="00Q000000000001AAA"))
    assert (span.name, span.kind, span.trace, span.error) == ("hand over to Salesforce", "client", SAMPLED, None)
    assert 5e9 <= span.ended - span.began < 60e9
    assert span.attributes["leadstream.account"] == "default"
    assert span.attributes["leadstream.campaign"] == "spring"
    assert span.attributes["leadstream.result"] == "linked"
    assert (span.attributes["messaging.destination.partition.id"], span.attributes["messaging.kafka.offset"]) == (
        "3",
        17,
    )
    texts = " ".join(map(str, span.attributes.values()))
    assert [word for word in ("ada", "Lovelace", "00Q") if word in texts] == []


async def test_one_that_failed_has_salesforces_code() -> None:
    item = queued(SAMPLED, None)
    result = HandOverResult(
        item.handover, "failed", record=None, code="DUPLICATES_DETECTED", message="ada@example.com"
    )
    [span] = await spans_of(item, result)
    assert (span.error, span.began) == ("DUPLICATES_DETECTED", span.ended)


@pytest.mark.parametrize("headers", [(), UNSAMPLED])
async def test_one_without_a_sampled_trace_has_none(headers: Headers) -> None:
    item = queued(headers, None)
    assert await spans_of(item, HandOverResult(item.handover, "linked")) == []

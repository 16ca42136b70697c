"""What the log says of hand-overs: refused ones by code, traced ones each; never what the contact typed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from agents.crm.handovers.answer_writer import AnswerWriter
from agents.crm.handovers.handover_queue import QueuedHandOver
from connectors.salesforce.handover.handover_records import (
    DO_NOT_SYNC,
    HandOverCampaign,
    HandOverContact,
    HandOverResult,
    LeadHandOver,
    LeadHandOverNumber,
)
from streams.kafka.batches import Headers
from streams.settings import Settings
from tests.harness.tracing.memory_recorder import SAMPLED, UNSAMPLED


class KeptRecords:
    """A producer whose records are acknowledged at once."""

    def __init__(self) -> None:
        self.values: list[bytes] = []

    async def send(self, topic: str, value: bytes, *_: Any, **__: Any) -> asyncio.Future[None]:
        del topic
        self.values.append(value)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future


def result_of(offset: int, code: str | None, headers: Headers = ()) -> tuple[QueuedHandOver, HandOverResult]:
    handover = LeadHandOver(
        id=f"h{offset}",
        at="2026-03-01T10:00:00.000Z",
        number=LeadHandOverNumber(0, offset, 0),
        account="acme",
        contact="ada@example.org",
        campaign=HandOverCampaign("spring"),
        snapshot=HandOverContact(),
    )
    message = "Email: ada@example is no address"
    result = HandOverResult(handover, "linked" if code is None else "failed", code=code, message=message)
    return QueuedHandOver(handover, headers=headers), result


def log_of(*codes: str | None, headers: Headers = ()) -> list[Any]:
    async def write() -> None:
        producer: Any = KeptRecords()
        writer = AnswerWriter(Settings(), producer)
        for number, code in enumerate(codes):
            await writer.write_results([result_of(number, code, headers)])
        writer.close()
        assert len(producer.values) == len(codes)

    with capture_logs() as lines:
        asyncio.run(write())
    return lines


def test_the_first_refusal_is_told_at_once_and_those_of_the_next_minute_together() -> None:
    bad, picklist = "INVALID_EMAIL_ADDRESS", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    lines = log_of(bad, None, bad, picklist)
    assert [(each["event"], each["log_level"]) for each in lines] == [("hand-overs refused", "warning")] * 2
    assert [each["by_code"] for each in lines] == [{bad: 1}, {bad: 1, picklist: 1}]
    assert "ada" not in repr(lines)


def test_what_is_linked_or_must_not_be_handed_over_leaves_no_line() -> None:
    assert log_of(None, DO_NOT_SYNC) == []


@pytest.mark.parametrize("headers", [SAMPLED, UNSAMPLED])
def test_each_hand_over_with_a_trace_has_a_line_that_names_the_trace_and_no_contact(headers: Headers) -> None:
    bad = "INVALID_EMAIL_ADDRESS"
    log = log_of(None, bad, DO_NOT_SYNC, headers=headers)
    lines = [line for line in log if line["event"] == "hand-over answered"]
    assert [(each["log_level"], each["result"], each.get("code")) for each in lines] == [
        ("info", "linked", None),
        ("warning", "failed", bad),
        ("info", "failed", DO_NOT_SYNC),
    ]
    assert {each["trace_id"] for each in lines} == {"0af7651916cd43dd8448eb211c80319c"}
    assert {(each["account"], each["campaign"]) for each in lines} == {("acme", "spring")}
    assert "ada" not in repr(lines)

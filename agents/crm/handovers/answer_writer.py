"""Writes what comes of hand-overs to Kafka: results, dead letters, and the end of retries by hand."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from agents.crm.handovers.handover_queue import QueuedHandOver
from connectors.salesforce.handover.handover_records import DO_NOT_SYNC, HandOverResult
from schemas.topics import CRM_COMMANDS, CRM_RESULTS, DEAD_LETTERS, QUALIFIED_LEADS
from schemas.values import instant_text
from streams.engine.journal.effects import Refusal, SourceRecord
from streams.kafka.dead_letters import dead_letter_from_record
from streams.kafka.protocols import ConsumedRecord, Producer
from streams.runtime.slots.refusal_log import RefusalLog
from streams.settings import Settings
from streams.tracing.headers import is_sampled, trace_id
from streams.tracing.spans import SpanRecorder, TracedStep, instant_ns

log = structlog.get_logger()

_encode = msgspec.json.Encoder().encode


class AnswerWriter:
    """Every method returns when the brokers have acknowledged; all raise KafkaError."""

    def __init__(self, settings: Settings, producer: Producer, spans: SpanRecorder | None = None) -> None:
        self._settings = settings
        self._spans = spans
        self._producer = producer
        self._refusal_log = RefusalLog("crm")
        self._failure_log = RefusalLog("crm", event="hand-overs refused")
        self.results: Counter[str] = Counter(linked=0, failed=0)
        """Hand-overs that were answered since the start, by the kind of their result."""
        self.dead_letters: Counter[str] = Counter(not_a_handover=0)
        """Dead letters written since the start, by code."""

    def close(self) -> None:
        """Logs the dead letters and the refused hand-overs that are not told yet."""
        self._refusal_log.close()
        self._failure_log.close()

    async def write_results(self, answers: Sequence[tuple[QueuedHandOver, HandOverResult]]) -> None:
        """Writes results to `crm-results`."""
        topic = self._settings.prefix + CRM_RESULTS.name
        futures: list[Any] = [
            await self._producer.send(
                topic,
                _encode(result.to_event(self._answer_time(result))),
                result.handover.contact.encode(),
                headers=list(item.headers),
            )
            for item, result in answers
        ]
        await asyncio.gather(*futures)
        self.results.update(result.kind for _, result in answers)
        # By code alone: a message may repeat what the contact typed. A consent that forbids it is no fault.
        codes = Counter(result.code for _, result in answers if result.code not in (None, DO_NOT_SYNC))
        self._failure_log.add({str(code): count for code, count in codes.items()})
        _log_traced(answers)
        if self._spans is not None:
            _record_spans(self._spans, answers)

    async def end_commands(self, keys: Sequence[str]) -> None:
        """Removes commands that are done from `crm-commands`."""
        topic = self._settings.prefix + CRM_COMMANDS.name
        await asyncio.gather(*[await self._producer.send(topic, None, key.encode()) for key in keys])

    async def write_dead_letter(self, record: ConsumedRecord, error: msgspec.DecodeError) -> None:
        """Writes a record of `qualified-leads` that is no hand-over to `dead-letters`."""
        source = SourceRecord(
            QUALIFIED_LEADS.name,
            record.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.value,
            record.headers,
            record.timestamp,
        )
        refusal = Refusal("not_a_handover", f"not a lead.handed_over: {error}")
        letter = dead_letter_from_record(source, refusal)
        await self._producer.send_and_wait(
            self._settings.prefix + DEAD_LETTERS.name, letter.value, letter.key, headers=list(letter.headers)
        )
        self._refusal_log.add({refusal.code: 1})
        self.dead_letters[refusal.code] += 1

    def _answer_time(self, answer: HandOverResult) -> str:
        """The time of the answer: now, or on the events clock the instant of the hand-over."""
        if self._settings.clock == "events":
            return answer.handover.at
        return instant_text(int(time.time() * 1000))


def _log_traced(answers: Sequence[tuple[QueuedHandOver, HandOverResult]]) -> None:
    """One line for each hand-over that has a trace, which leads from a request to what came of it."""
    for item, result in answers:
        if (traced := trace_id(item.headers)) is None:
            continue
        code = {} if result.code is None else {"code": str(result.code)}
        is_refused = result.kind == "failed" and result.code != DO_NOT_SYNC
        (log.warning if is_refused else log.info)(
            "hand-over answered",
            account=result.handover.account,
            campaign=result.handover.campaign.id,
            result=result.kind,
            trace_id=traced,
            **code,
        )


def _record_spans(spans: SpanRecorder, answers: Sequence[tuple[QueuedHandOver, HandOverResult]]) -> None:
    """One span for each hand-over, from its first try to its answer. It has no id of a contact or of a Lead."""
    for item, result in answers:
        if not is_sampled(item.headers):
            continue
        ended = time.time_ns()
        began = ended if item.first_try is None else instant_ns(item.first_try)
        attributes: dict[str, str | int] = {
            "messaging.system": "kafka",
            "messaging.operation.name": "hand over",
            "messaging.operation.type": "process",
            "messaging.destination.name": QUALIFIED_LEADS.name,
            "leadstream.account": result.handover.account,
            "leadstream.campaign": result.handover.campaign.id,
            "leadstream.result": result.kind,
        }
        if item.place is not None:
            partition, offset = item.place
            attributes["messaging.destination.partition.id"] = str(partition.partition)
            attributes["messaging.kafka.offset"] = offset
        error = (result.code or "failed") if result.kind == "failed" else None
        spans.record(TracedStep("hand over to Salesforce", "client", item.headers, began, ended, attributes, error))

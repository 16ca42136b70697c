"""Requests share a producer until it fails; what has a sampled trace has a span, which its events continue."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from streams.errors import BrokerUnavailable
from streams.kafka.batches import Headers
from streams.publish.lines import EventLine, line_from_event
from streams.publish.ordering import OutgoingEvent
from streams.serve import event_writer
from streams.serve.event_writer import EventWriter
from streams.settings import Settings
from tests.harness.tracing.memory_recorder import CONTINUED, SAMPLED, UNSAMPLED, MemoryRecorder

LIMIT_SECONDS = 10.0


class HeadersProducer:
    """Keeps the headers of what it sends; `error` fails it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.headers: list[Headers] = []
        self._error = error

    async def send(self, events: Sequence[OutgoingEvent], headers: Headers = ()) -> list[tuple[int, int]]:
        self.headers.append(headers)
        if self._error is not None:
            raise self._error
        return [(0, number) for number in range(len(events))]


def writer_on(producer: HeadersProducer, recorder: MemoryRecorder | None) -> EventWriter:
    writer = EventWriter(Settings(), spans=recorder)
    writer._producer = producer  # type: ignore[assignment]  # as much of one as is used
    return writer


def an_event() -> EventLine:
    event = {"id": "e1", "type": "contact.changed", "contact": "ada", "at": "2026-03-01T09:30:00Z", "properties": {}}
    line = line_from_event(event, "the event")
    assert isinstance(line, EventLine)
    return line


async def test_the_events_continue_the_span_of_the_request() -> None:
    producer, recorder = HeadersProducer(), MemoryRecorder()
    await writer_on(producer, recorder).write([an_event(), an_event()], normalize_ids=False, trace=SAMPLED)
    assert producer.headers == [CONTINUED]
    [(begun, span)] = recorder.spans.items()
    assert begun == ("send", "producer", SAMPLED)
    [(attributes, error)] = span.ends
    assert error is None
    assert attributes["messaging.destination.name"] == "contact-changes"
    assert attributes["messaging.batch.message_count"] == 2


async def test_a_span_tells_that_kafka_did_not_take_them() -> None:
    producer, recorder = HeadersProducer(BrokerUnavailable("Kafka is away")), MemoryRecorder()
    writer = writer_on(producer, recorder)
    with pytest.raises(BrokerUnavailable):
        await writer.write([an_event()], normalize_ids=False, trace=SAMPLED)
    [span] = recorder.spans.values()
    assert [error for _, error in span.ends] == ["BrokerUnavailable"]


@pytest.mark.parametrize(
    ("recorder", "trace"),
    [
        pytest.param(None, SAMPLED, id="spans are off"),
        pytest.param(MemoryRecorder(), UNSAMPLED, id="a trace that is not sampled"),
        pytest.param(MemoryRecorder(), (), id="no trace"),
    ],
)
async def test_without_a_span_the_events_have_the_trace_as_it_came(
    recorder: MemoryRecorder | None, trace: Headers
) -> None:
    producer = HeadersProducer()
    await writer_on(producer, recorder).write([an_event()], normalize_ids=False, trace=trace)
    assert producer.headers == [trace]
    assert recorder is None or recorder.spans == {}


class HangingProducer:
    """A producer whose broker went away after it had started; `hangs` can be lifted for those that start later."""

    started = 0
    hangs = True

    def __init__(self, _settings: Settings) -> None:
        self._hangs = HangingProducer.hangs

    async def __aenter__(self) -> HangingProducer:
        HangingProducer.started += 1
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._hang()

    async def send(self, events: Sequence[OutgoingEvent], _headers: Headers = ()) -> list[tuple[int, int]]:
        await self._hang()
        return [(0, number) for number in range(len(events))]

    async def _hang(self) -> None:
        if self._hangs:
            await asyncio.Event().wait()


async def test_writes_are_told_when_kafka_goes_away_and_the_next_one_starts_another_producer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_writer, "EventProducer", HangingProducer)
    monkeypatch.setattr(event_writer, "CLOSE_SECONDS", 0.01)
    monkeypatch.setattr(HangingProducer, "started", 0)
    writer = EventWriter(Settings(), seconds=0.05)
    async with asyncio.timeout(LIMIT_SECONDS):
        writes = [writer.write([an_event()], normalize_ids=False) for _ in range(2)]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(each) for each in outcomes] == [BrokerUnavailable] * 2
        assert HangingProducer.started == 1
        monkeypatch.setattr(HangingProducer, "hangs", False)
        [position] = await writer.write([an_event()], normalize_ids=False)
        assert (position.topic, HangingProducer.started) == ("contact-changes", 2)
        await writer.close()


async def test_a_write_that_fails_late_leaves_the_producer_alone_that_has_started_since() -> None:
    former, present = HeadersProducer(BrokerUnavailable("Kafka is away")), HeadersProducer()
    writer = writer_on(former, None)

    async def send_late(_events: Sequence[OutgoingEvent], _headers: Headers = ()) -> list[tuple[int, int]]:
        writer._producer = present  # type: ignore[assignment]  # as much of one as is used
        raise BrokerUnavailable("Kafka is away")

    former.send = send_late  # type: ignore[method-assign,assignment]
    with pytest.raises(BrokerUnavailable):
        await writer.write([an_event()], normalize_ids=False)
    await writer.write([an_event()], normalize_ids=False)
    assert len(present.headers) == 1

"""Writes events to the in-topics, and says where each one went."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog
from aiokafka.errors import KafkaError

from streams.errors import BrokerUnavailable, LeadstreamError
from streams.kafka.batches import Headers
from streams.publish.lines import EventLine, normalize_keys
from streams.publish.producer import EventProducer
from streams.settings import Settings
from streams.tracing.headers import is_sampled
from streams.tracing.spans import SpanRecorder

log = structlog.get_logger()

SECONDS = 15.0
"""How long a broker may take to acknowledge."""
CLOSE_SECONDS = 1.0
"""How long the end of the server waits for what is not delivered."""


@dataclass(frozen=True, slots=True)
class WrittenPosition:
    """Where an event is; `topic` is without the deployment's prefix."""

    topic: str
    partition: int
    offset: int


class EventWriter:
    """One producer for all requests, started by the first one that writes, and anew after it failed.

    `spans` takes one for each request that writes and whose trace is sampled.
    """

    def __init__(self, settings: Settings, seconds: float = SECONDS, spans: SpanRecorder | None = None) -> None:
        self._settings = settings
        self.spans = spans
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._producer: EventProducer | None = None
        self._endings: set[asyncio.Task[None]] = set()

    async def write(
        self, events: Sequence[EventLine], *, normalize_ids: bool, trace: Headers = ()
    ) -> list[WrittenPosition]:
        """Writes the events in order; returns their places when all in-sync replicas have them.

        `normalize_ids`: whether the deployment writes contact ids trimmed and in lower case. `trace` is the
        request's, and goes on with the events. Raises BrokerUnavailable, TopicsMissing; some of the events may be
        written then.
        """
        if self.spans is None or not is_sampled(trace):
            return await self._write(events, normalize_ids, trace)
        span = self.spans.begin("send", "producer", trace)
        attributes: dict[str, str | int] = {
            "messaging.system": "kafka",
            "messaging.operation.name": "send",
            "messaging.operation.type": "send",
            "messaging.batch.message_count": len(events),
        }
        error: str | None = "cancelled"
        try:
            positions = await self._write(events, normalize_ids, span.trace)
            attributes["messaging.destination.name"] = ",".join(sorted({each.topic for each in positions}))
            error = None
        except LeadstreamError as failure:
            error = type(failure).__name__
            raise
        finally:
            span.end(attributes, error)
        return positions

    async def _write(
        self, events: Sequence[EventLine], normalize_ids: bool, headers: Headers
    ) -> list[WrittenPosition]:
        lines = [line for line in normalize_keys(events) if isinstance(line, EventLine)] if normalize_ids else events
        outgoing = [line.event for line in lines]
        producer: EventProducer | None = None
        try:
            async with asyncio.timeout(self._seconds):
                producer = await self._started()
                positions = await producer.send(outgoing, headers)
        except TimeoutError as error:
            self._discard(producer)
            raise BrokerUnavailable(
                f"Kafka did not acknowledge within {self._seconds:g} s and may have the event; send it again with the"
                " same Idempotency-Key: it then counts once"
            ) from error
        except BrokerUnavailable:
            self._discard(producer)
            raise
        return [
            WrittenPosition(event.topic, partition, offset)
            for event, (partition, offset) in zip(outgoing, positions, strict=True)
        ]

    async def close(self) -> None:
        """Ends the producer. What is not delivered within a second is given up."""
        self._discard(self._producer)
        if self._endings:
            _, unfinished = await asyncio.wait(self._endings, timeout=CLOSE_SECONDS)
            for ending in unfinished:
                ending.cancel()

    def _discard(self, producer: EventProducer | None) -> None:
        """Makes the next write start another producer. This one ends beside the requests, however long that takes."""
        if producer is None or producer is not self._producer:
            return  # another request that met the same failure was faster
        stack, self._stack, self._producer = self._stack, AsyncExitStack(), None
        ending = asyncio.create_task(_end(stack))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

    async def _started(self) -> EventProducer:
        async with self._turn:
            if self._producer is None:
                self._producer = await self._stack.enter_async_context(EventProducer(self._settings))
            return self._producer


async def _end(stack: AsyncExitStack) -> None:
    try:
        await stack.aclose()
    except (KafkaError, OSError) as error:
        log.warning("a producer ended with an error", problem=str(error))

"""Writes events to the in-topics, and says where each one went."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from streams.errors import BrokerUnavailable, LeadstreamError
from streams.kafka.batches import Headers
from streams.publish.lines import EventLine, normalize_keys
from streams.publish.producer import EventProducer
from streams.settings import Settings
from streams.tracing.headers import is_sampled
from streams.tracing.spans import SpanRecorder

SECONDS = 15.0
"""How long a broker may take to acknowledge."""


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
        try:
            async with asyncio.timeout(self._seconds):
                producer = await self._started()
                positions = await producer.send(outgoing, headers)
        except TimeoutError as error:
            await self.close()
            raise BrokerUnavailable(
                f"Kafka did not acknowledge within {self._seconds:g} s and may have the event; send it again with the"
                " same Idempotency-Key: it then counts once"
            ) from error
        except BrokerUnavailable:
            await self.close()
            raise
        return [
            WrittenPosition(event.topic, partition, offset)
            for event, (partition, offset) in zip(outgoing, positions, strict=True)
        ]

    async def close(self) -> None:
        """Ends the producer; the next write starts another."""
        async with self._turn:
            self._producer = None
            await self._stack.aclose()

    async def _started(self) -> EventProducer:
        async with self._turn:
            if self._producer is None:
                self._producer = await self._stack.enter_async_context(EventProducer(self._settings))
            return self._producer

"""Brings opportunities back: polls Salesforce and writes changed opportunities to `crm-opportunities`.

The cursor is computed from that topic at the start. An event that is written twice has one id, so several pollers at
once do no harm; they only poll more often than needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.crm.backoff import Backoff
from agents.crm.outage_log import OutageLog
from connectors.salesforce.opportunities.poll import Cursor, OpportunityEvent, OpportunityPoll, is_ours
from connectors.salesforce.org.errors import RequestRefused
from schemas.topics import CRM_OPPORTUNITIES
from streams.clock import now_ms
from streams.errors import BrokerUnavailable, SalesforceRefused, SalesforceUnavailable
from streams.kafka.clients import fetch_partitions
from streams.kafka.protocols import Producer
from streams.kafka.reader import open_consumer, read_to_end
from streams.settings import Settings

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class OpportunityPoller:
    """Polls every `salesforce_poll_ms`; `run` ends after `stop`."""

    def __init__(self, settings: Settings, poll: OpportunityPoll, *, backoff: Backoff | None = None) -> None:
        self._settings = settings
        self._topic = settings.prefix + CRM_OPPORTUNITIES.name
        self._poll = poll
        self._backoff = backoff or Backoff()
        self._stopping = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="salesforce-poll")
        self.outage_log = OutageLog("opportunities")
        self.event_count = 0
        """How many events were written since the start."""
        self.polled_at: int | None = None
        """When (ms) Salesforce last answered a poll."""

    def stop(self) -> None:
        """Ends `run` after the current poll."""
        self._stopping.set()

    async def run(self) -> None:
        """Polls until `stop` is called. Raises BrokerUnavailable, TopicsMissing."""
        settings = self._settings
        producer: Producer = AIOKafkaProducer(
            bootstrap_servers=settings.bootstrap, acks="all", enable_idempotence=True, linger_ms=5
        )
        try:
            cursor = Cursor.from_events([event async for event in self._read_own_events()])
            await producer.start()
            await self._poll_loop(producer, cursor)
        except (KafkaError, OSError) as error:
            raise BrokerUnavailable(f"no Kafka answers at {settings.bootstrap}: {type(error).__name__}") from error
        finally:
            await producer.stop()
            self._thread.shutdown(wait=False)

    async def _poll_loop(self, producer: Producer, cursor: Cursor) -> None:
        attempt = 0
        while not self._stopping.is_set():
            try:
                events, after = await self._poll_once(cursor)
            except (SalesforceUnavailable, SalesforceRefused, RequestRefused) as error:
                self.outage_log.failing(error)
                await self._wait(self._backoff.delay(attempt, error))
                attempt += 1
                continue
            self.outage_log.recovered()
            self.polled_at = now_ms()
            attempt = 0
            await self._write_events(producer, events)
            # Only after the acknowledgements: without them the next start polls for these events again.
            cursor = after
            await self._wait(self._settings.salesforce_poll_ms / 1000)

    async def _poll_once(self, cursor: Cursor) -> tuple[list[OpportunityEvent], Cursor]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._poll, cursor)

    async def _write_events(self, producer: Producer, events: list[OpportunityEvent]) -> None:
        futures = [
            await producer.send(self._topic, _encode(event), str(event["opportunity"]).encode()) for event in events
        ]
        await asyncio.gather(*futures)
        self.event_count += len(events)

    async def _read_own_events(self) -> AsyncIterator[OpportunityEvent]:
        """The connector's own events up to the topic's present end. Raises BrokerUnavailable, TopicsMissing."""
        bootstrap = self._settings.bootstrap
        partitions = (await fetch_partitions(bootstrap, [self._topic]))[self._topic]
        async with open_consumer(bootstrap, "leadstream-crm") as consumer:
            async for record in read_to_end(consumer, partitions):
                event = _decode_event(record.value)
                if is_ours(event):  # other CRMs write to the topic, too
                    yield event

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


def _decode_event(value: bytes | None) -> Any:
    """The JSON value of a record; None where it cannot be read."""
    try:
        return _decode(value or b"null")
    except msgspec.DecodeError:
        return None

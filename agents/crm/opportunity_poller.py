"""Brings opportunities back: asks Salesforce again and again and writes what changed to `crm-opportunities`.

Its cursor is what stands on that topic: it is read at the start, and an event written twice has one id. Several
pollers at once do no harm, they only ask more often than needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from agents.crm.backoff import Waits
from agents.crm.outage_log import Complaints
from connectors.salesforce.errors import RequestRefused
from connectors.salesforce.opportunities import Cursor, Event, Poll, is_ours
from schemas.topics import CRM_OPPORTUNITIES
from streams.errors import BrokerUnavailable, SalesforceRefused, SalesforceUnavailable
from streams.settings import Settings

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class OpportunityPoller:
    """Polls every `salesforce_poll_ms`; `run` goes on until `stop`."""

    def __init__(self, settings: Settings, poll: Poll, *, waits: Waits | None = None) -> None:
        self._settings = settings
        self._topic = settings.prefix + CRM_OPPORTUNITIES.name
        self._poll = poll
        self._waits = waits or Waits()
        self._stopping = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="salesforce-poll")
        self.complaints = Complaints("opportunities")

    def stop(self) -> None:
        """Ends `run` after the poll that is under way."""
        self._stopping.set()

    async def run(self) -> None:
        """Polls until told to stop. Raises BrokerUnavailable."""
        settings = self._settings
        producer: Any = AIOKafkaProducer(
            bootstrap_servers=settings.bootstrap, acks="all", enable_idempotence=True, linger_ms=5
        )
        try:
            cursor = Cursor.replayed([event async for event in self._told()])
            await producer.start()
            await self._go_on(producer, cursor)
        except (KafkaError, OSError) as error:
            raise BrokerUnavailable(f"no Kafka answers at {settings.bootstrap}: {type(error).__name__}") from error
        finally:
            await producer.stop()
            self._thread.shutdown(wait=False)

    async def _go_on(self, producer: Any, cursor: Cursor) -> None:
        attempt = 0
        while not self._stopping.is_set():
            try:
                events, after = await self._asked(cursor)
            except (SalesforceUnavailable, SalesforceRefused, RequestRefused) as error:
                self.complaints.about(error)
                await self._wait(self._waits.before(attempt, error))
                attempt += 1
                continue
            self.complaints.over()
            attempt = 0
            await self._write(producer, events)
            # Only now: what was not acknowledged is asked for again.
            cursor = after
            await self._wait(self._settings.salesforce_poll_ms / 1000)

    async def _asked(self, cursor: Cursor) -> tuple[list[Event], Cursor]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._poll, cursor)

    async def _write(self, producer: Any, events: list[Event]) -> None:
        sent = [
            await producer.send(self._topic, _encode(event), str(event["opportunity"]).encode()) for event in events
        ]
        await asyncio.gather(*sent)

    async def _told(self) -> AsyncIterator[Event]:
        """The connector's own events that stand on the topic, up to its present end."""
        # Subscribed without a group: every partition, known by the time that it has started.
        consumer: Any = AIOKafkaConsumer(
            self._topic,
            bootstrap_servers=self._settings.bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            places = sorted(consumer.assignment())
            ends = await consumer.end_offsets(places)
            while any([await consumer.position(place) < ends[place] for place in places]):
                for event in _events(await consumer.getmany(timeout_ms=500)):
                    yield event
        finally:
            await consumer.stop()

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _events(fetched: dict[TopicPartition, list[Any]]) -> Iterator[Event]:
    """What can be read and is ours; other CRMs write to the topic too."""
    for records in fetched.values():
        for record in records:
            try:
                event = _decode(record.value or b"null")
            except msgspec.DecodeError:
                continue
            if is_ours(event):
                yield event

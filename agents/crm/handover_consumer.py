"""Hands qualified leads over to Salesforce and writes the answers to `crm-results`.

1 Fetch committed hand-overs. 2 Hand them over, in place and for as long as it takes. 3 Write the answers and wait for
the brokers. 4 Commit the offsets. A process that dies in between does it again: Salesforce has each Lead under its
external id, and an answer's id is made from the hand-over.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from agents.crm.backoff import Backoff
from agents.crm.outage_log import OutageLog
from agents.crm.ownership import Ownership
from connectors.salesforce.client import MAX_RECORDS
from connectors.salesforce.delivery import Delivery
from connectors.salesforce.errors import RequestRefused
from connectors.salesforce.handover import HandOverResult, LeadHandOver, parse_handover
from schemas.topics import CRM_RESULTS, DEAD_LETTERS, QUALIFIED_LEADS
from schemas.values import instant_text
from streams.engine.journal.effects import Refusal, SourceRecord
from streams.errors import BrokerUnavailable, SalesforceRefused, SalesforceUnavailable
from streams.kafka.dead_letters import dead_letter_from_record
from streams.settings import Settings

LOOK_BACK = 500
"""Hand-overs per partition that a new owner remembers from before its time."""

REPAIR_SECONDS = 60.0
# While Salesforce is away nothing is fetched, for hours if need be; that the process lives its heartbeats show.
NOT_FETCHING_MS = 86_400_000

_encode = msgspec.json.Encoder().encode


class HandOverConsumer:
    """A member of the group `leadstream-crm`; `run` goes on until `stop`."""

    def __init__(
        self,
        settings: Settings,
        delivery: Delivery,
        *,
        backoff: Backoff | None = None,
        look_back: int = LOOK_BACK,
        repair_seconds: float = REPAIR_SECONDS,
    ) -> None:
        self._settings = settings
        self._delivery = delivery
        self._backoff = backoff or Backoff()
        self._repair_seconds = repair_seconds
        self._last_repair = time.monotonic()
        self._ownership = Ownership(look_back)
        self._idle_positions: dict[TopicPartition, int] = {}
        self._stopping = asyncio.Event()
        # One thread: one batch at a time, so that one contact is never in two requests.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="salesforce")
        self.outage_log = OutageLog("hand-overs")

    def stop(self) -> None:
        """Ends `run` after the call to Salesforce that is under way."""
        self._stopping.set()

    async def run(self) -> None:
        """Hands over until told to stop. Raises BrokerUnavailable."""
        settings = self._settings
        consumer: Any = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            group_id=f"{settings.prefix}leadstream-crm",
            # A named worker is a static member: killed and started again it goes on at once.
            group_instance_id=f"{settings.name}-crm" if settings.name else None,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=settings.session_ms,
            heartbeat_interval_ms=settings.session_ms // 3,
            max_poll_interval_ms=NOT_FETCHING_MS,
        )
        producer: Any = AIOKafkaProducer(
            bootstrap_servers=settings.bootstrap, acks="all", enable_idempotence=True, linger_ms=5
        )
        consumer.subscribe([settings.prefix + QUALIFIED_LEADS.name], listener=self._ownership)
        try:
            await consumer.start()
            await producer.start()
            while not self._stopping.is_set():
                await self._run_once(consumer, producer)
        except (KafkaError, OSError) as error:
            raise BrokerUnavailable(f"no Kafka answers at {settings.bootstrap}: {type(error).__name__}") from error
        finally:
            await producer.stop()
            await consumer.stop()
            self._thread.shutdown(wait=False)

    async def _run_once(self, consumer: Any, producer: Any) -> None:
        await self._ownership.seek_new_partitions(consumer)
        generation = self._ownership.generation
        fetched = await consumer.getmany(timeout_ms=200, max_records=MAX_RECORDS)
        if fetched and generation == self._ownership.generation:
            await self._hand_over(consumer, producer, fetched)
        elif not fetched:
            await self._commit_idle(consumer, generation)
        await self._repair_when_due()

    async def _hand_over(self, consumer: Any, producer: Any, fetched: dict[TopicPartition, list[Any]]) -> None:
        generation = self._ownership.generation
        handovers = []
        for place, records in fetched.items():
            for record in records:
                handover = await self._read_handover(producer, place, record)
                if handover is not None:
                    handovers.append(handover)
        answers = await self._deliver(handovers, generation)
        if answers is None:
            return
        await self._write_answers(producer, answers)
        ends = {place: records[-1].offset + 1 for place, records in fetched.items()}
        await self._commit(consumer, ends, generation)

    async def _read_handover(self, producer: Any, partition: TopicPartition, record: Any) -> LeadHandOver | None:
        """A hand-over to make; None for one that was answered before, which is remembered, and for what is none."""
        if record.value is None:
            return None
        try:
            handover = parse_handover(record.value)
        except msgspec.DecodeError as error:
            if not self._ownership.precedes_ownership(partition, record.offset):
                await self._write_dead_letter(producer, record, error)
            return None
        if self._ownership.precedes_ownership(partition, record.offset):
            self._delivery.track_newest(handover)
            return None
        return handover

    async def _write_dead_letter(self, producer: Any, record: Any, error: msgspec.DecodeError) -> None:
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
        letter = dead_letter_from_record(source, Refusal("not_a_handover", f"not a lead.handed_over: {error}"))
        await producer.send_and_wait(
            self._settings.prefix + DEAD_LETTERS.name, letter.value, letter.key, headers=list(letter.headers)
        )

    async def _deliver(self, handovers: list[LeadHandOver], generation: int) -> list[HandOverResult] | None:
        """The answers, however long they take; None when the partitions are another's by then, or on the way out."""
        attempt = 0
        while handovers:
            try:
                answers: list[HandOverResult] = await self._in_thread(self._delivery.deliver, handovers)
            except (SalesforceUnavailable, SalesforceRefused, RequestRefused) as error:
                self.outage_log.failing(error)
                await self._wait(self._backoff.delay(attempt, error))
                attempt += 1
            else:
                self.outage_log.recovered()
                return answers
            if generation != self._ownership.generation or self._stopping.is_set():
                return None
        return []

    async def _write_answers(self, producer: Any, answers: list[HandOverResult]) -> None:
        topic = self._settings.prefix + CRM_RESULTS.name
        sent = [
            await producer.send(
                topic, _encode(answer.to_event(self._answer_time(answer))), answer.handover.contact.encode()
            )
            for answer in answers
        ]
        await asyncio.gather(*sent)

    def _answer_time(self, answer: HandOverResult) -> str:
        """When it was answered; on the events clock, where time is told, the instant of the hand-over."""
        if self._settings.clock == "events":
            return answer.handover.at
        return instant_text(int(time.time() * 1000))

    async def _commit(self, consumer: Any, ends: dict[TopicPartition, int], generation: int) -> None:
        if generation != self._ownership.generation:
            return
        kept = {place: end for place, end in ends.items() if not self._ownership.precedes_ownership(place, end)}
        try:
            if kept:
                await consumer.commit(kept)
        except (CommitFailedError, IllegalStateError):
            # Another owner hands these over again and finds them done.
            return

    async def _commit_idle(self, consumer: Any, generation: int) -> None:
        """With nothing left the group stands past the markers of transactions too, so that lag tools show no lag."""
        reached = {place: await consumer.position(place) for place in consumer.assignment()}
        moved = {place: end for place, end in reached.items() if self._idle_positions.get(place) != end}
        if moved:
            await self._commit(consumer, moved, generation)
            self._idle_positions = reached

    async def _repair_when_due(self) -> None:
        if time.monotonic() - self._last_repair < self._repair_seconds:
            return
        self._last_repair = time.monotonic()
        try:
            await self._in_thread(self._delivery.repair_outdated_leads)
        except (SalesforceUnavailable, SalesforceRefused, RequestRefused) as error:
            self.outage_log.failing(error)
        else:
            self.outage_log.recovered()

    async def _in_thread(self, call: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

"""Hands qualified leads over to Salesforce and writes the answers to `crm-results`.

1 Fetch committed hand-overs. 2 Hand them over; retry in place for as long as it takes. 3 Write the answers and wait
for the brokers. 4 Commit the offsets. After a crash in between, the same hand-overs are repeated without harm:
Salesforce has each Lead under its external id, and an answer's id is computed from the hand-over.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import CommitFailedError, IllegalStateError, InvalidSessionTimeoutError, KafkaError

from agents.crm.backoff import Backoff
from agents.crm.outage_log import OutageLog
from agents.crm.ownership import Ownership
from connectors.salesforce.handover.delivery import Delivery
from connectors.salesforce.handover.delivery_outcome import DeliveryOutcome
from connectors.salesforce.handover.handover_records import HandOverResult, LeadHandOver, parse_handover
from connectors.salesforce.org.client import MAX_RECORDS
from connectors.salesforce.org.errors import RequestRefused, TransientFailure
from schemas.topics import CRM_RESULTS, DEAD_LETTERS, QUALIFIED_LEADS
from schemas.values import instant_text
from streams.clock import now_ms
from streams.engine.journal.effects import Refusal, SourceRecord
from streams.errors import BrokerUnavailable, SalesforceRefused, SalesforceUnavailable
from streams.kafka.batches import Headers
from streams.kafka.dead_letters import dead_letter_from_record
from streams.kafka.protocols import ConsumedRecord, Consumer, Producer, TopicPartitionLike
from streams.kafka.reader import FetchedRecords, Offsets, stop_consumer
from streams.kafka.refusals import refusal_of_setting
from streams.kafka.worker_groups import group_id, with_engine_version
from streams.runtime.inputs.traces import trace_of
from streams.runtime.slots.refusal_log import RefusalLog
from streams.settings import Settings

LOOK_BACK = 500
"""Finished hand-overs per partition that a new owner remembers."""

REPAIR_SECONDS = 60.0
# While Salesforce is away nothing is fetched, perhaps for hours; heartbeats show that the process is alive.
NOT_FETCHING_MS = 86_400_000

Result = TypeVar("Result")

_encode = msgspec.json.Encoder().encode


class VersionedAssignor(RoundRobinPartitionAssignor):  # type: ignore[misc]  # aiokafka publishes no types
    """aiokafka's own assignor; the subscription says the engine version."""

    @classmethod
    def metadata(cls, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """The subscription of a member to these topics."""
        return ConsumerProtocolMemberMetadata(cls.version, list(topics), with_engine_version())


class HandOverConsumer:
    """A member of the group `leadstream-crm`; `run` ends after `stop`."""

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
        self._idle_positions: Offsets = {}
        self._stopping = asyncio.Event()
        # One thread: one batch at a time, so that one contact is never in two requests.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="salesforce")
        self.outage_log = OutageLog("hand-overs")
        self._refusal_log = RefusalLog("crm")
        self.results: Counter[str] = Counter(linked=0, failed=0)
        """Hand-overs that were answered since the start, by the kind of their result."""
        self.dead_letters: Counter[str] = Counter(not_a_handover=0)
        """Dead letters written since the start, by code."""
        self.ready_since: int | None = None
        """Since when (ms) it is a member of its group; None before."""
        self.delivery_began: float | None = None
        """When (monotonic seconds) the hand-overs under way were first tried; None while there are none."""

    def stop(self) -> None:
        """Ends `run` after the current call to Salesforce."""
        self._stopping.set()

    async def run(self) -> None:
        """Hands over until `stop` is called. Raises BrokerUnavailable, ConfigurationError for the session timeout."""
        settings = self._settings
        consumer: Consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            group_id=group_id(settings.prefix, "crm"),
            partition_assignment_strategy=[VersionedAssignor],
            # A named worker is a static member: after a crash it goes on without a rebalance.
            group_instance_id=f"{settings.name}-crm" if settings.name else None,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=settings.session_ms,
            heartbeat_interval_ms=settings.session_ms // 3,
            max_poll_interval_ms=NOT_FETCHING_MS,
        )
        producer: Producer = AIOKafkaProducer(
            bootstrap_servers=settings.bootstrap, acks="all", enable_idempotence=True, linger_ms=5
        )
        consumer.subscribe([settings.prefix + QUALIFIED_LEADS.name], listener=self._ownership)
        try:
            await consumer.start()
            await producer.start()
            self.ready_since = now_ms()
            while not self._stopping.is_set():
                await self._run_once(consumer, producer)
        except InvalidSessionTimeoutError as error:
            raise refusal_of_setting(error) from error
        except (KafkaError, OSError) as error:
            raise BrokerUnavailable(f"no Kafka answers at {settings.bootstrap}: {type(error).__name__}") from error
        finally:
            self._refusal_log.close()
            await producer.stop()
            await stop_consumer(consumer)
            self._thread.shutdown(wait=False)

    async def _run_once(self, consumer: Consumer, producer: Producer) -> None:
        await self._ownership.seek_new_partitions(consumer)
        generation = self._ownership.generation
        fetched = await consumer.getmany(timeout_ms=200, max_records=MAX_RECORDS)
        if fetched and generation == self._ownership.generation:
            await self._hand_over(consumer, producer, fetched)
        elif not fetched:
            await self._commit_idle(consumer, generation)
        await self._repair_when_due()

    async def _hand_over(self, consumer: Consumer, producer: Producer, fetched: FetchedRecords) -> None:
        generation = self._ownership.generation
        handovers = []
        traces: dict[str, Headers] = {}
        for partition, records in fetched.items():
            for record in records:
                handover = await self._read_handover(producer, partition, record)
                if handover is not None:
                    handovers.append(handover)
                    traces[handover.id] = trace_of(record.headers)
        answers = await self._deliver(handovers, generation)
        if answers is None:
            return
        await self._write_answers(producer, answers, traces)
        ends = {partition: records[-1].offset + 1 for partition, records in fetched.items()}
        await self._commit(consumer, ends, generation)

    async def _read_handover(
        self, producer: Producer, partition: TopicPartitionLike, record: ConsumedRecord
    ) -> LeadHandOver | None:
        """The hand-over of a record; None for a finished one, which is remembered, and for any other record."""
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

    async def _write_dead_letter(
        self, producer: Producer, record: ConsumedRecord, error: msgspec.DecodeError
    ) -> None:
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
        await producer.send_and_wait(
            self._settings.prefix + DEAD_LETTERS.name, letter.value, letter.key, headers=list(letter.headers)
        )
        self._refusal_log.add({refusal.code: 1})
        self.dead_letters[refusal.code] += 1

    async def _deliver(self, handovers: list[LeadHandOver], generation: int) -> list[HandOverResult] | None:
        """The answers, however long they take; None after a rebalance and when the process stops."""
        self.delivery_began = time.monotonic() if handovers else None
        try:
            return await self._try_until_answered(handovers, generation)
        finally:
            self.delivery_began = None

    async def _try_until_answered(
        self, handovers: list[LeadHandOver], generation: int
    ) -> list[HandOverResult] | None:
        attempt = 0
        answers: list[HandOverResult] = []
        while handovers:
            try:
                outcome = await self._in_thread(self._delivery.deliver, handovers)
                answers.extend(outcome.results)
                answered = {answer.handover.id for answer in outcome.results}
                handovers = [each for each in handovers if each.id not in answered]
                _raise_unanswered(outcome)
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

    async def _write_answers(
        self, producer: Producer, answers: list[HandOverResult], traces: Mapping[str, Headers]
    ) -> None:
        topic = self._settings.prefix + CRM_RESULTS.name
        futures = [
            await producer.send(
                topic,
                _encode(answer.to_event(self._answer_time(answer))),
                answer.handover.contact.encode(),
                headers=list(traces.get(answer.handover.id, ())),
            )
            for answer in answers
        ]
        await asyncio.gather(*futures)
        self.results.update(answer.kind for answer in answers)

    def _answer_time(self, answer: HandOverResult) -> str:
        """The time of the answer: now, or on the events clock the instant of the hand-over."""
        if self._settings.clock == "events":
            return answer.handover.at
        return instant_text(int(time.time() * 1000))

    async def _commit(self, consumer: Consumer, ends: Offsets, generation: int) -> None:
        if generation != self._ownership.generation:
            return
        own_ends = {
            partition: end
            for partition, end in ends.items()
            if not self._ownership.precedes_ownership(partition, end)
        }
        try:
            if own_ends:
                await consumer.commit(own_ends)
        except (CommitFailedError, IllegalStateError):
            # The new owner hands these over again and finds that Salesforce has them.
            return

    async def _commit_idle(self, consumer: Consumer, generation: int) -> None:
        """Commits the positions behind transaction markers, too, so that lag tools show no lag at rest."""
        positions = {partition: await consumer.position(partition) for partition in consumer.assignment()}
        changed = {
            partition: position
            for partition, position in positions.items()
            if self._idle_positions.get(partition) != position
        }
        if changed:
            await self._commit(consumer, changed, generation)
            self._idle_positions = positions

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

    async def _in_thread(self, call: Callable[..., Result], *arguments: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


def _raise_unanswered(outcome: DeliveryOutcome) -> None:
    if problem := next(iter(outcome.stopped.values()), None):
        raise SalesforceRefused(problem)
    if outcome.pending:
        raise TransientFailure(f"Salesforce left {len(outcome.pending)} hand-overs unanswered")

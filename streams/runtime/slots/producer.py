"""A slot's transactional producer: fencing, one transaction at a time, and the two repairs that need a new epoch."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import Future
from collections.abc import Iterable, Iterator, Sequence

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidTransactionTimeout, KafkaError, ProducerFenced

from streams.errors import Fenced, Internal
from streams.kafka.batches import BATCH_BYTES, BatchWriter
from streams.kafka.clients import wait_for_brokers
from streams.kafka.partitions import Partition
from streams.kafka.protocols import RecordMetadata, TransactionalProducer
from streams.kafka.refusals import refusal_of_setting
from streams.runtime.checkpoint import CHECKPOINT_KEY
from streams.runtime.completion import run_to_end
from streams.runtime.faust.end_transaction import has_unanswered_end
from streams.runtime.faust.transaction_partitions import add_partitions
from streams.settings import Settings

log = structlog.get_logger()

RETRY_BACKOFF_MS = 10
"""aiokafka's 100 ms slow transactions down: the broker answers "concurrent transactions" until the last commit's
markers are written.
"""

FENCE_BOUND_SECONDS = 30.0

SentBatch = tuple[Partition, int, Future[RecordMetadata]]
"""A batch under way: its partition, its record count and the future of the broker's answer."""


class SlotProducer:
    """One Kafka transaction at a time, in order; `transactional_id` names the slot across all workers."""

    def __init__(self, settings: Settings, transactional_id: str) -> None:
        self.id = transactional_id
        self._settings = settings
        self._producer: TransactionalProducer | None = None
        self._is_open = False

    async def fence(self) -> None:
        """InitProducerId: the former owner's transaction is over, and nothing of it can commit any more.

        Raises ConfigurationError for a transaction timeout that the broker does not take.
        """
        producer: TransactionalProducer = AIOKafkaProducer(
            bootstrap_servers=self._settings.bootstrap,
            client_id=self.id,
            transactional_id=self.id,
            transaction_timeout_ms=self._settings.transaction_timeout_ms,
            max_batch_size=BATCH_BYTES,
            linger_ms=0,
            retry_backoff_ms=RETRY_BACKOFF_MS,
            request_timeout_ms=self._settings.request_ms,
        )
        wait_for_brokers(producer.client)
        try:
            async with asyncio.timeout(FENCE_BOUND_SECONDS):
                await producer.start()
        except BaseException as error:
            await run_to_end(self._stop(producer))
            if isinstance(error, InvalidTransactionTimeout):
                raise refusal_of_setting(error) from error
            raise
        # Only now: while a new epoch is taken, the slot begins the next transaction.
        former, self._producer = self._producer, producer
        if former is not None:
            await self._stop(former)

    def _fenced(self) -> TransactionalProducer:
        if self._producer is None:
            raise Internal(f"{self.id} has no producer before it fences")
        return self._producer

    def new_batch_writer(self) -> BatchWriter:
        """An empty writer for the next transaction."""
        return BatchWriter(self._fenced())

    async def write(self, writer: BatchWriter) -> dict[Partition, int]:
        """Commits everything in the writer, with what was written ahead, or nothing; returns the offset of the last
        record of each partition in the writer.

        Raises Fenced when another owner took over, KafkaError for whatever else the broker refuses.
        """
        with self._own_errors():
            if not self._is_open:
                await self.begin()
            last_offsets = await self.await_acknowledgements(await self.send(writer))
            await self.commit()
        return last_offsets

    async def write_ahead(self, writer: BatchWriter, expected: Iterable[Partition]) -> dict[Partition, int]:
        """Begins a transaction with everything in the writer, for `write` to end; returns the offset of the last
        record of each partition. `expected` are those that `write` will probably write to. Raises as `write` does.
        """
        with self._own_errors():
            await self.begin()
            add_partitions(self._fenced(), expected)
            return await self.await_acknowledgements(await self.send(writer))

    @contextlib.contextmanager
    def _own_errors(self) -> Iterator[None]:
        try:
            yield
        except ProducerFenced as error:
            raise Fenced(f"{self.id} was taken over by another process") from error

    async def begin(self) -> None:
        """Step 1 of a transaction."""
        await self._fenced().begin_transaction()
        self._is_open = True

    async def send(self, writer: BatchWriter) -> list[SentBatch]:
        """Step 2: sends every batch."""
        sent_batches = []
        for target, batch in writer.batches():
            count = batch.record_count()
            future = await self._fenced().send_batch(batch, target.topic, partition=target.number)
            sent_batches.append((target, count, future))
        return sent_batches

    async def await_acknowledgements(self, sent_batches: Sequence[SentBatch]) -> dict[Partition, int]:
        """Step 3: awaits every batch's own future, because aiokafka commits although a batch was refused."""
        last_offsets = {}
        for target, count, future in sent_batches:
            metadata = await future
            last_offsets[target] = metadata.offset + count - 1
        return last_offsets

    async def commit(self) -> None:
        """Step 4: from here on readers see the transaction."""
        await self._fenced().commit_transaction()
        self._is_open = False

    def has_unanswered_end(self) -> bool:
        """Whether a copy of an EndTxn may still be on its way (faust/end_transaction.py)."""
        return has_unanswered_end(self._fenced())

    async def renew_epoch(self) -> None:
        """Takes a new epoch, which makes a late copy of an EndTxn harmless; writers can be had meanwhile. The caller
        checks that nobody owned the slot in between.
        """
        await self.fence()

    async def abort_hanging_transactions(self, partitions: Sequence[Partition]) -> None:
        """Ends transactions that the broker left hanging in these partitions, and fences again.

        After InitProducerId a slot's changelog can hold no open transaction, unless the coordinator declared one
        complete without writing its markers (Kafka 4.3.0 does, for partitions without a leader). The next commit of
        this producer id would commit those records too; an aborted transaction over all partitions that a slot writes
        to ends them.
        """
        log.warning("hanging transaction", slot=self.id)
        await self.begin()
        writer = self.new_batch_writer()
        for target in partitions:
            writer.add(target, CHECKPOINT_KEY, b"{}")
        await self.await_acknowledgements(await self.send(writer))
        await self._fenced().abort_transaction()
        self._is_open = False
        # EndTxn answers before the markers are written; InitProducerId waits for them.
        await self.renew_epoch()

    async def stop(self) -> None:
        """Closes the connection; a transaction left open is ended by the next owner or by its timeout."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await self._stop(producer)

    async def _stop(self, producer: TransactionalProducer) -> None:
        try:
            await producer.stop()
        except KafkaError as error:
            log.info("a fenced producer stopped", slot=self.id, error=type(error).__name__)

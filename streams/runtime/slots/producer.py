"""A slot's transactional producer: fencing, one transaction, and the two mendings that a new epoch needs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced

from streams.errors import Fenced
from streams.kafka.batches import BATCH_BYTES, BatchWriter
from streams.kafka.partitions import Partition
from streams.runtime.checkpoint import CHECKPOINT_KEY
from streams.runtime.faust.end_transaction import unanswered_ends
from streams.settings import Settings

log = structlog.get_logger()

RETRY_BACKOFF_MS = 10
"""aiokafka's 100 ms are felt: the broker answers "concurrent transactions" while the last commit's markers are out.
"""

FENCE_BOUND_SECONDS = 30.0


class SlotProducer:
    """One Kafka transaction at a time, in order; `transactional_id` names the slot across all workers."""

    def __init__(self, settings: Settings, transactional_id: str) -> None:
        self.id = transactional_id
        self._settings = settings
        self._producer: Any = None

    async def fence(self) -> None:
        """InitProducerId: the former owner's transaction is ended, and nothing of it can commit any more."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.bootstrap,
            client_id=self.id,
            transactional_id=self.id,
            transaction_timeout_ms=self._settings.transaction_timeout_ms,
            max_batch_size=BATCH_BYTES,
            linger_ms=0,
            retry_backoff_ms=RETRY_BACKOFF_MS,
            request_timeout_ms=self._settings.request_ms,
        )
        await asyncio.wait_for(self._producer.start(), FENCE_BOUND_SECONDS)

    def new_batch_writer(self) -> BatchWriter:
        """An empty outbox for the next transaction."""
        return BatchWriter(self._producer)

    async def write(self, writer: BatchWriter) -> dict[Partition, int]:
        """Commits all of the outbox or nothing; the offset of the last record written to each partition.

        Raises Fenced when another owner took over, KafkaError for whatever else the broker refuses.
        """
        try:
            await self.begin()
            sent = await self.send(writer)
            last = await self.await_acknowledgements(sent)
            await self.commit()
        except ProducerFenced as error:
            raise Fenced(f"{self.id} was taken over by another process") from error
        return last

    async def begin(self) -> None:
        """Step 1 of a transaction."""
        await self._producer.begin_transaction()

    async def send(self, writer: BatchWriter) -> list[tuple[Partition, int, Any]]:
        """Step 2: every batch is on its way; its partition, its record count and the future of its answer."""
        sent = []
        for target, batch in writer.batches():
            count = batch.record_count()
            future = await self._producer.send_batch(batch, target.topic, partition=target.number)
            sent.append((target, count, future))
        return sent

    async def await_acknowledgements(self, futures: Sequence[tuple[Partition, int, Any]]) -> dict[Partition, int]:
        """Step 3: every batch's own future is awaited, because aiokafka commits although a batch was refused."""
        last = {}
        for target, count, future in futures:
            metadata = await future
            last[target] = metadata.offset + count - 1
        return last

    async def commit(self) -> None:
        """Step 4: from here on it is true."""
        await self._producer.commit_transaction()

    def has_unanswered_end(self) -> bool:
        """Whether a copy of an EndTxn may still be on its way (faust/end_transaction.py)."""
        return unanswered_ends(self._producer._sender) > 0

    async def renew_epoch(self) -> None:
        """A new epoch, which makes a late copy of an EndTxn harmless. Whoever calls it checks that nobody owned the
        slot in between.
        """
        await self.stop()
        await self.fence()

    async def abort_hanging_transactions(self, partitions: Sequence[Partition]) -> None:
        """Ends transactions that the broker left hanging in these partitions, and fences again.

        After InitProducerId a slot's changelog can hold no open transaction, unless the coordinator declared one
        complete without writing its markers (Kafka 4.3.0 does, for partitions without a leader). The next commit of
        this producer id would commit those records too; an aborted transaction over all that a slot writes ends them.
        """
        log.warning("hanging transaction", slot=self.id)
        await self.begin()
        outbox = self.new_batch_writer()
        for target in partitions:
            outbox.add(target, CHECKPOINT_KEY, b"{}")
        await self.await_acknowledgements(await self.send(outbox))
        await self._producer.abort_transaction()
        # EndTxn answers before the markers are written; InitProducerId waits for them.
        await self.renew_epoch()

    async def stop(self) -> None:
        """Closes the connection; a transaction left open is ended by the next owner or by its timeout."""
        if self._producer is None:
            return
        producer, self._producer = self._producer, None
        try:
            await producer.stop()
        except KafkaError as error:
            log.info("a fenced producer stopped", slot=self.id, error=type(error).__name__)

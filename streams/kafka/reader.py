"""Reads topic partitions: up to their ends with a time limit, or without an end.

A consumer of aiokafka waits for ever when a broker goes away. All code that reads to an end therefore reads here.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from operator import attrgetter

from aiokafka import AIOKafkaConsumer

from streams.errors import BrokerUnavailable, Internal
from streams.kafka.clients import broker_errors
from streams.kafka.protocols import ConsumedRecord, Consumer, TopicPartitionLike

POLL_MS = 200
"""The longest wait of one fetch in ms; records are returned as soon as they come."""

PATIENCE_SECONDS = 30.0
"""The longest time without progress before a read is given up; a new leader is elected well within it."""

STOP_SECONDS = 1.0
"""After so long a consumer that stops is told again."""

FETCH_WAIT_MS = 50
"""How long the broker keeps a fetch that finds nothing. It answers a connection's requests in their order, so that a
question for an offset waits as long: with the client's 500 ms `leadstream verify` of four empty slots took 28 s."""

FOLLOW_WAIT_MS = 500
"""The same for consumers that follow a topic without an end."""

FETCH_BYTES = 1 << 20

Offsets = Mapping[TopicPartitionLike, int]
"""Partition -> an offset. An end is the offset behind the last record."""

FetchedRecords = Mapping[TopicPartitionLike, Sequence[ConsumedRecord]]
"""Partition -> its next records, in order; a partition without any is left out."""


@asynccontextmanager
async def open_consumer(
    bootstrap: str,
    client: str,
    isolation: str = "read_committed",
    fetch_bytes: int = FETCH_BYTES,
    fetch_wait_ms: int = FETCH_WAIT_MS,
) -> AsyncIterator[Consumer]:
    """A started consumer without a group, by default of committed records; `fetch_bytes` is per partition.

    A fetch of nothing takes `fetch_wait_ms`: who mostly waits for what comes asks less often with `FOLLOW_WAIT_MS`.

    Raises BrokerUnavailable.
    """
    with broker_errors(bootstrap):
        consumer: Consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            isolation_level=isolation,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            client_id=client,
            max_partition_fetch_bytes=fetch_bytes,
            fetch_max_wait_ms=fetch_wait_ms,
        )
        try:
            await consumer.start()
            yield consumer
        finally:
            await stop_consumer(consumer)


async def stop_consumer(consumer: Consumer) -> None:
    """Stops a consumer, also while its broker is away, or right after it was assigned anew.

    aiokafka cancels a fetch that waits for its next attempt, and raises that CancelledError: it would look as if the
    caller's own task was cancelled. Where the fetcher just ends the tasks of a former assignment it takes the
    cancellation for one of theirs and goes on, and `stop` would wait for ever; a second one reaches it.
    """
    stop = asyncio.ensure_future(_settle_and_stop(consumer))
    cancellation: asyncio.CancelledError | None = None
    while not stop.done():
        try:
            await asyncio.wait([stop], timeout=STOP_SECONDS)
        except asyncio.CancelledError as error:
            # The consumer is stopped all the same: its tasks would keep the loop from ending.
            cancellation = error
        if not stop.done():
            stop.cancel()
    if cancellation is not None:
        raise cancellation
    if not stop.cancelled():
        stop.result()


async def _settle_and_stop(consumer: Consumer) -> None:
    try:
        await asyncio.sleep(0)  # mostly enough for the fetcher to end those tasks
    finally:
        await consumer.stop()


async def fetch_end_offsets(consumer: Consumer, partitions: Sequence[TopicPartitionLike]) -> Offsets:
    """Assigns the partitions; returns where each ends now, for committed records before an open transaction."""
    consumer.assign(partitions)
    return await consumer.end_offsets(partitions)


async def read_to_end(
    consumer: Consumer,
    partitions: Sequence[TopicPartitionLike],
    *,
    ends: Offsets | None = None,
    starts: Offsets | None = None,
    patience: float = PATIENCE_SECONDS,
) -> AsyncIterator[ConsumedRecord]:
    """The records of partitions up to `ends` (not included), one by one; else as `read_batches_to_end`."""
    async for batch in read_batches_to_end(consumer, partitions, ends=ends, starts=starts, patience=patience):
        for record in batch:
            yield record


async def read_batches_to_end(
    consumer: Consumer,
    partitions: Sequence[TopicPartitionLike],
    *,
    ends: Offsets | None = None,
    starts: Offsets | None = None,
    patience: float = PATIENCE_SECONDS,
    max_records: int | None = None,
) -> AsyncIterator[Sequence[ConsumedRecord]]:
    """Batches of records of one partition each, as `read_partitions_to_end`."""
    async for _, batch in read_partitions_to_end(
        consumer, partitions, ends=ends, starts=starts, patience=patience, max_records=max_records
    ):
        yield batch


async def read_partitions_to_end(
    consumer: Consumer,
    partitions: Sequence[TopicPartitionLike],
    *,
    ends: Offsets | None = None,
    starts: Offsets | None = None,
    patience: float = PATIENCE_SECONDS,
    max_records: int | None = None,
) -> AsyncIterator[tuple[TopicPartitionLike, Sequence[ConsumedRecord]]]:
    """Partitions with their next records, up to `ends` (not included) or where the partitions end now.

    The consumer is assigned to `partitions` and read from `starts`, by default from the beginning. Who follows with
    the same consumer goes on from the ends. Raises BrokerUnavailable after `patience` seconds without progress; the
    time that the caller takes does not count.
    """
    async with _bounded(partitions, patience):
        consumer.assign(partitions)
        bounds = ends if ends is not None else await fetch_end_offsets(consumer, partitions)
        await _seek(consumer, partitions, starts or {})
    while batches := await _next_batches(consumer, partitions, bounds, patience, max_records):
        for partition, batch in batches.items():
            if before := _cut(consumer, partition, batch, bounds[partition]):
                yield partition, before
        await asyncio.sleep(0)  # records that are there already do not suspend the task


async def read_by_time_to_end(
    consumer: Consumer,
    partitions: Sequence[TopicPartitionLike],
    *,
    ends: Offsets,
    starts: Offsets,
    patience: float = PATIENCE_SECONDS,
    max_records: int,
) -> AsyncIterator[FetchedRecords]:
    """Records of all partitions from `starts` up to `ends` (not included): none is older than those given before.

    As far as each partition is in the order of writing itself. About `max_records` of all partitions are held at a
    time, and one fetch of each more. The consumer is assigned to `partitions`. Raises BrokerUnavailable as
    `read_partitions_to_end`.
    """
    async with _bounded(partitions, patience):
        consumer.assign(partitions)
        await _seek(consumer, partitions, starts)
    share = max(max_records // max(len(partitions), 1), 1)
    queues: dict[TopicPartitionLike, Sequence[ConsumedRecord]] = dict.fromkeys(partitions, ())
    while True:
        unread = [each for each in partitions if await consumer.position(each) < ends[each]]
        if not all(queues[each] for each in unread):
            # All but the fullest at once: aiokafka fetches nothing more from a broker while it has records of it.
            wanted = [each for each in unread if len(queues[each]) < share]
            for partition, batch in (await _next_batches(consumer, wanted, ends, patience, None)).items():
                queues[partition] = [*queues[partition], *_cut(consumer, partition, batch, ends[partition])]
            continue
        # Up to here all is there; no slice has much more than `max_records`.
        bounds = {
            partition: queue[min(len(queue), share) - 1].timestamp
            for partition, queue in queues.items()
            if partition in unread or len(queue) > share
        }
        horizon = min(bounds.values(), default=None)
        slices: dict[TopicPartitionLike, Sequence[ConsumedRecord]] = {}
        for partition, queue in queues.items():
            count = len(queue) if horizon is None else bisect_right(queue, horizon, key=attrgetter("timestamp"))
            if bounds.get(partition) == horizon is not None:
                count = max(count, min(len(queue), share))  # times in a partition may go back
            if count:
                slices[partition], queues[partition] = queue[:count], queue[count:]
        if slices:
            yield slices
        if not unread and not any(queues.values()):
            return
        await asyncio.sleep(0)  # records that are there already do not suspend the task


async def follow(consumer: Consumer, poll_ms: int = POLL_MS) -> AsyncIterator[FetchedRecords]:
    """Fetches from the consumer's positions on, without an end; empty when nothing comes within `poll_ms`.

    While a broker is away the fetches are empty; afterwards they go on. Raises KafkaError for other failures.
    """
    while True:
        yield await consumer.getmany(timeout_ms=poll_ms)
        await asyncio.sleep(0)


def require_key(record: ConsumedRecord) -> bytes:
    """The key of a record that Leadstream wrote. Raises Internal when it has none."""
    if record.key is None:
        raise Internal(f"{record.topic}-{record.partition} offset {record.offset}: a record without a key")
    return record.key


def require_value(record: ConsumedRecord) -> bytes:
    """The value of a record that is no tombstone. Raises Internal when it has none."""
    if record.value is None:
        raise Internal(f"{record.topic}-{record.partition} offset {record.offset}: a record without a value")
    return record.value


async def _seek(consumer: Consumer, partitions: Iterable[TopicPartitionLike], starts: Offsets) -> None:
    from_beginning = []
    for partition in partitions:
        if offset := starts.get(partition):
            consumer.seek(partition, offset)
        else:
            from_beginning.append(partition)
    if from_beginning:
        await consumer.seek_to_beginning(*from_beginning)


async def _next_batches(
    consumer: Consumer,
    partitions: Sequence[TopicPartitionLike],
    ends: Offsets,
    patience: float,
    max_records: int | None,
) -> FetchedRecords:
    """The next records; empty when all ends are reached. Positions move over records that are not shown, too."""
    remaining: Sequence[TopicPartitionLike] = partitions
    progress: list[int] = []
    async with _bounded(remaining, patience) as timeout:
        while True:
            positions = {partition: await consumer.position(partition) for partition in partitions}
            remaining = [partition for partition in partitions if positions[partition] < ends[partition]]
            if not remaining:
                return {}
            if progress != (progress := list(positions.values())):
                timeout.reschedule(asyncio.get_running_loop().time() + patience)
            fetched = await consumer.getmany(*remaining, timeout_ms=POLL_MS, max_records=max_records)
            if fetched:
                return fetched


def _cut(
    consumer: Consumer, partition: TopicPartitionLike, batch: Sequence[ConsumedRecord], end: int
) -> Sequence[ConsumedRecord]:
    """The records of a batch before `end`; those behind it, which were written meanwhile, are fetched again later."""
    if batch[-1].offset < end:
        return batch
    consumer.seek(partition, end)
    return [record for record in batch if record.offset < end]


@asynccontextmanager
async def _bounded(partitions: Sequence[TopicPartitionLike], patience: float) -> AsyncIterator[asyncio.Timeout]:
    """Raises BrokerUnavailable where the block takes longer than `patience` seconds."""
    try:
        async with asyncio.timeout(patience) as timeout:
            yield timeout
    except TimeoutError as error:
        names = ", ".join(sorted({partition.topic for partition in partitions}))
        raise BrokerUnavailable(
            f"{names} cannot be read to the end: nothing came for {patience:g} s; see that every broker runs and"
            " that no transaction was left open, then try again"
        ) from error

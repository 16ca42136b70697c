"""The parts of aiokafka's objects that this project uses; aiokafka publishes no types of its own."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol


class TopicPartitionLike(Protocol):
    """A topic and a partition number: aiokafka's TopicPartition or Faust's TP. Hashable; equal by value."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...


class ConsumedRecord(Protocol):
    """One record of a partition. `timestamp` is in ms, -1 where the producer set none."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...

    @property
    def offset(self) -> int: ...

    @property
    def timestamp(self) -> int: ...

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Consumer(Protocol):
    """aiokafka's AIOKafkaConsumer. Any method may raise KafkaError."""

    async def start(self) -> None:
        """Connects, and joins the group if there is one."""

    async def stop(self) -> None:
        """Leaves the group and closes the connections."""

    def assign(self, partitions: Iterable[TopicPartitionLike]) -> None:
        """Replaces the assignment by these partitions."""

    def subscribe(self, topics: Sequence[str], *, listener: object | None = None) -> None:
        """Joins the group for these topics; `listener` is a ConsumerRebalanceListener."""

    def assignment(self) -> set[TopicPartitionLike]:
        """The partitions assigned now."""

    def pause(self, *partitions: TopicPartitionLike) -> None:
        """Stops fetching from these partitions."""

    def resume(self, *partitions: TopicPartitionLike) -> None:
        """Fetches from these partitions again."""

    def seek(self, partition: TopicPartitionLike, offset: int) -> None:
        """Sets the next offset to fetch."""

    async def seek_to_beginning(self, *partitions: TopicPartitionLike) -> bool:
        """Sets the next offset to fetch to the first one that the log holds."""

    async def position(self, partition: TopicPartitionLike) -> int:
        """The offset of the next record that `getmany` returns; control records may lie in between."""

    async def beginning_offsets(self, partitions: Iterable[TopicPartitionLike]) -> dict[TopicPartitionLike, int]:
        """The first offset of each partition's log."""

    async def end_offsets(self, partitions: Iterable[TopicPartitionLike]) -> dict[TopicPartitionLike, int]:
        """The end of each partition: its last stable offset for a read_committed consumer, else its log end."""

    def last_stable_offset(self, partition: TopicPartitionLike) -> int | None:
        """The end of the committed records as the last fetch told it; None before."""

    async def offsets_for_times(self, timestamps: Mapping[TopicPartitionLike, int]) -> dict[TopicPartitionLike, Any]:
        """aiokafka's OffsetAndTimestamp of each partition's first record at or after an instant (ms), or None."""

    async def getmany(
        self, *partitions: TopicPartitionLike, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartitionLike, list[ConsumedRecord]]:
        """Fetched records per partition; empty when none came within `timeout_ms`."""

    async def getone(self, *partitions: TopicPartitionLike) -> ConsumedRecord:
        """The next record, waiting for it."""

    async def commit(self, offsets: Mapping[TopicPartitionLike, Any] | None = None) -> None:
        """Commits group offsets; a value is an offset or aiokafka's OffsetAndMetadata."""

    async def committed(self, partition: TopicPartitionLike) -> int | None:
        """The group's committed offset; None when there is none."""

    async def topics(self) -> set[str]:
        """The names of all topics that the broker shows."""

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        """The partition numbers of a topic; None when its metadata is unknown."""


class RecordMetadata(Protocol):
    """Where a record, or the first record of a batch, was written. `timestamp` is in ms."""

    @property
    def partition(self) -> int: ...

    @property
    def offset(self) -> int: ...

    @property
    def timestamp(self) -> int: ...


class Batch(Protocol):
    """aiokafka's BatchBuilder."""

    def append(
        self,
        *,
        timestamp: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes]] = ...,
    ) -> object | None:
        """Adds a record; None when the batch is full."""

    def record_count(self) -> int:
        """How many records the batch holds."""

    def close(self) -> None:
        """Lets no more records in."""


class Producer(Protocol):
    """aiokafka's AIOKafkaProducer. Any method may raise KafkaError."""

    @property
    def client(self) -> Any:
        """Its AIOKafkaClient."""

    async def start(self) -> None:
        """Connects; a transactional producer fences its predecessor too."""

    async def stop(self) -> None:
        """Sends what is buffered and closes the connections."""

    async def flush(self) -> None:
        """Waits for every buffered record; delivery errors are in the records' futures only."""

    async def send(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        *,
        partition: int | None = None,
        timestamp_ms: int | None = None,
        headers: Sequence[tuple[str, bytes]] | None = None,
    ) -> Future[RecordMetadata]:
        """Buffers a record; the future tells when it is written."""

    async def send_and_wait(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        *,
        partition: int | None = None,
        timestamp_ms: int | None = None,
        headers: Sequence[tuple[str, bytes]] | None = None,
    ) -> RecordMetadata:
        """Writes a record and waits for the broker's answer."""

    async def partitions_for(self, topic: str) -> set[int]:
        """The partition numbers of a topic."""

    def create_batch(self) -> Batch:
        """An empty batch."""

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> Future[RecordMetadata]:
        """Sends a batch; the future tells when it is written."""


class TransactionalProducer(Producer, Protocol):
    """An AIOKafkaProducer with a transactional id. Raises ProducerFenced after another one took the id over."""

    async def begin_transaction(self) -> None:
        """Begins a transaction."""

    async def commit_transaction(self) -> None:
        """Commits the transaction, even when the broker refused one of its batches."""

    async def abort_transaction(self) -> None:
        """Aborts the transaction."""


class AdminClient(Protocol):
    """aiokafka's AIOKafkaAdminClient. `Any` stands for wire responses, which differ by their API version."""

    async def start(self) -> None:
        """Connects."""

    async def close(self) -> None:
        """Closes the connections."""

    async def create_topics(self, new_topics: list[Any]) -> Any:
        """Creates topics (NewTopic); the answer has one error per topic in `topic_errors`."""

    async def describe_topics(self, topics: list[str] | None = None) -> list[dict[str, Any]]:
        """Each topic's metadata: "topic", "error_code", "partitions". A topic asked for by name may be created."""

    async def describe_configs(self, config_resources: list[Any]) -> list[Any]:
        """The settings of each ConfigResource, in `resources` of each answer."""

    async def describe_consumer_groups(self, group_ids: list[str]) -> list[Any]:
        """The members of each group, in `groups` of each answer."""

    async def list_consumer_groups(self) -> list[tuple[Any, ...]]:
        """Group and kind of protocol of each group that a broker coordinates and shows."""

    async def list_consumer_group_offsets(
        self, group_id: str, *, partitions: list[Any] | None = None
    ) -> dict[Any, Any]:
        """What a group has committed of each TopicPartition, as OffsetAndMetadata; offset -1 where it has nothing."""

    async def delete_records(self, records_to_delete: Mapping[TopicPartitionLike, Any]) -> Any:
        """Deletes the records of each partition before an offset (RecordsToDelete)."""

"""Runs: consecutive records of one partition, as one Faust message.

Faust costs some 230 us per message, whatever the message holds. So the records that one fetch returned for a
partition go through Faust as a single message: its decoding, tracking and acknowledging happen once for all of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from faust.serializers.schemas import Schema

from streams.kafka.partitions import Partition
from streams.kafka.protocols import ConsumedRecord


class FetchedAnswer:
    """How many runs of what one fetch returned are still on their way through Faust, which passes them on singly."""

    __slots__ = ("pending",)

    def __init__(self, pending: int) -> None:
        self.pending = pending

    def mark_arrival(self) -> bool:
        """A run has arrived; returns whether it was the last one."""
        self.pending -= 1
        return self.pending <= 0


class FetchedRun:
    """The records `[start, next_position)` of one partition, in fetch positions; to Faust an aiokafka record.

    Contiguity goes by fetch positions and not by offsets, because transactional and compacted logs have legal gaps.
    `token` names the seek before it: a run with an old token was fetched before a rebalance. `fetched_at` is the
    worker's clock (ms) when the consumer returned the records. `answer` counts the runs that were fetched with it;
    without one the run came alone.
    """

    __slots__ = (
        "answer",
        "fetched_at",
        "next_position",
        "offset",
        "partition",
        "records",
        "start",
        "timestamp",
        "token",
        "topic",
    )

    timestamp_type = checksum = key = None
    headers: Sequence[tuple[str, bytes]] = ()
    serialized_key_size = serialized_value_size = 0

    def __init__(
        self,
        records: Sequence[ConsumedRecord],
        start: int,
        next_position: int,
        token: int,
        fetched_at: int,
        *,
        answer: FetchedAnswer | None = None,
    ) -> None:
        last = records[-1]
        self.records = records
        self.start = start
        self.next_position = next_position
        self.token = token
        self.fetched_at = fetched_at
        self.answer = answer or FetchedAnswer(1)
        self.topic: str = last.topic
        self.partition: int = last.partition
        self.offset: int = last.offset
        self.timestamp: int = last.timestamp

    @property
    def value(self) -> FetchedRun:
        """The run itself: Faust reads a record's value."""
        return self

    @property
    def source(self) -> Partition:
        """The partition of the records, with its full topic name."""
        return Partition(self.topic, self.partition)


Decoder = Callable[..., Awaitable[Any]]
"""Makes a Faust event (of no published type) of a Faust message."""


class RunSchema(Schema):  # type: ignore[misc]  # Faust publishes no types
    """Passes runs through as they are: ingest decodes, and a bad record must not crash an agent."""

    def compile(self, app: Any, **_options: Any) -> Decoder:
        """The function that makes an event of a message; `app` and `message` are Faust's."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:  # noqa: ARG001  # Faust's signature
            return app.create_event(None, message.value, message.headers, message)

        return decode

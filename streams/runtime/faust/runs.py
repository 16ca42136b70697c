"""Runs: consecutive records of one partition. Those that one fetch returned for one agent are one Faust message.

Faust costs some 230 us per message, whatever the message holds: its decoding, tracking and acknowledging happen once
for all records of all partitions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from faust.serializers.schemas import Schema

from streams.kafka.partitions import Partition
from streams.kafka.protocols import ConsumedRecord


class FetchedAnswer:
    """How many messages of what one fetch returned are still on their way through Faust: one for each agent."""

    __slots__ = ("pending",)

    def __init__(self, pending: int) -> None:
        self.pending = pending

    def mark_arrival(self) -> bool:
        """A message has arrived; returns whether it was the last one."""
        self.pending -= 1
        return self.pending <= 0


class FetchedRun:
    """The records `[start, next_position)` of one partition, in fetch positions.

    Contiguity goes by fetch positions and not by offsets, because transactional and compacted logs have legal gaps.
    `token` names the seek before it: a run with an old token was fetched before a rebalance. `fetched_at` is the
    worker's clock (ms) when the consumer returned the records, `source` their partition, with its full topic name.
    """

    __slots__ = ("fetched_at", "next_position", "records", "source", "start", "token")

    def __init__(
        self, records: Sequence[ConsumedRecord], start: int, next_position: int, token: int, fetched_at: int
    ) -> None:
        self.records = records
        self.start = start
        self.next_position = next_position
        self.token = token
        self.fetched_at = fetched_at
        self.source = Partition(records[-1].topic, records[-1].partition)


class FetchedRuns:
    """The runs of one answer that one agent gets, one for each partition; to Faust an aiokafka record.

    Faust takes them for a record of the last run's partition: they go where that partition's records go, and Faust's
    checks of offsets and of the assignment see that partition only. `answer` counts what was fetched with them;
    without one they came alone.
    """

    __slots__ = ("answer", "offset", "partition", "runs", "timestamp", "topic")

    timestamp_type = checksum = key = None
    headers: Sequence[tuple[str, bytes]] = ()
    serialized_key_size = serialized_value_size = 0

    def __init__(self, runs: Sequence[FetchedRun], answer: FetchedAnswer | None = None) -> None:
        last = runs[-1].records[-1]
        self.runs = runs
        self.answer = answer or FetchedAnswer(1)
        self.topic: str = last.topic
        self.partition: int = last.partition
        self.offset: int = last.offset
        self.timestamp: int = last.timestamp

    @property
    def value(self) -> FetchedRuns:
        """The runs themselves: Faust reads a record's value."""
        return self

    def mark_arrival(self) -> bool:
        """They have arrived; returns whether all that was fetched together is there."""
        return self.answer.mark_arrival()


Decoder = Callable[..., Awaitable[Any]]
"""Makes a Faust event (of no published type) of a Faust message."""


class RunSchema(Schema):  # type: ignore[misc]  # Faust publishes no types
    """Passes runs through as they are: ingest decodes, and a bad record must not crash an agent."""

    def compile(self, app: Any, **_options: Any) -> Decoder:
        """The function that makes an event of a message; `app` and `message` are Faust's."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:  # noqa: ARG001  # Faust's signature
            return app.create_event(None, message.value, message.headers, message)

        return decode

"""The parts of Faust's objects that the runtime and the agents use; Faust publishes no types of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from typing import Any, Protocol

from streams.kafka.partitions import Partition
from streams.kafka.protocols import Consumer
from streams.runtime.inputs.partition_buffer import FetchEnds, RecordBatch
from streams.runtime.inputs.slot_inputs import FlowControl


class FetchThread(Protocol):
    """The thread in which Faust's consumer fetches (`ConsumerThread` in fetch_thread.py)."""

    @property
    def ends(self) -> Mapping[Partition, FetchEnds]:
        """What the last fetch answer says of each partition's end; changed in place by the thread."""

    async def seek_exactly(self, positions: Mapping[Partition, int]) -> dict[Partition, int]:
        """Seeks and resumes; returns the token of each partition's seek. Raises IllegalStateError, and changes
        nothing, when a partition is not assigned.
        """

    def shorten_waits(self, *, is_short: bool) -> None:
        """Says whether a slot waits for claims: fetches are answered sooner then."""

    async def call_thread(self, function: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:
        """Runs a coroutine function in the thread's event loop and returns its result, whatever that is."""

    def _ensure_consumer(self) -> Consumer:
        """The aiokafka consumer, to be used in the thread only."""


class FaustConsumer(FlowControl, Protocol):
    """Faust's consumer (`SlotConsumer` in consumer.py)."""

    @property
    def fetch_thread(self) -> FetchThread:
        """The thread that fetches."""

    def forget_read_offsets(self, partitions: Iterable[Partition]) -> None:
        """Lets Faust accept records of these partitions from any offset on."""

    def read_on(self, partitions: Iterable[Partition]) -> None:
        """Lets Faust fetch from partitions of this assignment that were stopped until now."""


class FaustConf(Protocol):
    """The settings of a Faust app."""

    id: str
    broker_client_id: str


class FaustTopic(Protocol):
    """One or several topics that an agent reads."""

    topics: Iterable[str]


RunStream = AsyncIterator[RecordBatch]
"""What an agent reads: one run of records at a time."""

AgentFunction = Callable[[RunStream], Coroutine[Any, Any, None]]


class FaustApp(Protocol):
    """A Faust app (`SlotApp` in app.py)."""

    conf: FaustConf
    consumer: FaustConsumer
    rebalancing: bool

    def agent(self, channel: FaustTopic, *, name: str, concurrency: int) -> Callable[[AgentFunction], object]:
        """A decorator that makes an agent of a function; `concurrency` is the number of its tasks."""

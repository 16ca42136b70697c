"""The consumer and the transport that makes it: Faust neither commits nor seeks.

A parameter of type `Any` is whatever Faust passes; it is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode import Service

from streams.kafka.partitions import Partition
from streams.runtime.faust.fetch_thread import ConsumerThread
from streams.runtime.faust.rebalance_listener import SlotRebalanceListener

ALIVE_SECONDS = 0.5
"""The pause between two marks that the main thread is alive; far below `broker_max_poll_interval`."""


class SlotConsumer(driver.Consumer):  # type: ignore[misc]  # Faust publishes no types
    """Leaves positions to the slots: each slot's changelog holds them, written in the transaction they belong to."""

    RebalanceListener = SlotRebalanceListener

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def fetch_thread(self) -> ConsumerThread:
        """The thread that fetches."""
        thread: ConsumerThread = self._thread
        return thread

    def forget_read_offsets(self, partitions: Iterable[Partition]) -> None:
        """Lets Faust accept records from any offset on; else it drops those below the last offset it saw."""
        for partition in partitions:
            self._read_offset[TP(*partition)] = None

    def read_on(self, partitions: Iterable[Partition]) -> None:
        """Lets Faust fetch from partitions of this assignment that were stopped until now."""
        self.resume_partitions({TP(*partition) for partition in partitions})

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002
        """Does nothing: Faust's commits pass events that were never processed."""
        return False

    async def perform_seek(self) -> None:
        """Does nothing: Faust seeks back to committed offsets at bad times (`getmany` with the flow stopped)."""

    async def verify_all_partitions_active(self) -> None:
        """Does nothing: Faust would complain about commits that it does not make here."""

    def on_buffer_full(self, tp: tuple[str, int]) -> None:
        """Pauses fetching from a partition (topic, number)."""
        super().on_buffer_full(TP(*tp))

    def on_buffer_drop(self, tp: tuple[str, int]) -> None:
        """Resumes fetching from a partition (topic, number)."""
        super().on_buffer_drop(TP(*tp))

    @Service.task  # type: ignore[untyped-decorator]  # mode publishes no types
    async def _mark_alive(self) -> None:
        """Keeps a worker in its group that has nothing to fetch: one without slots, or one that takes slots over.

        aiokafka would take it for stuck after `broker_max_poll_interval`, and never join again. So that interval
        measures how long this thread, which does all work, has stood still; heartbeats show that the other one lives.
        """
        while not self.should_stop:
            self.fetch_thread.mark_alive()
            await self.sleep(ALIVE_SECONDS)

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109  # Faust's signature
        # Faust sleeps a whole second here while no partition is active.
        if self.flow_active and not self._get_active_partitions():
            await self.sleep(0.01)
            return {}, self._get_active_partitions()
        return await super()._wait_next_records(timeout)


class Transport(driver.Transport):  # type: ignore[misc]  # Faust publishes no types
    """Makes a SlotConsumer."""

    Consumer = SlotConsumer

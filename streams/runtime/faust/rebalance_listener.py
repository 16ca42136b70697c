"""The rebalance listener: nothing is fetched before the take-over has sought.

Faust's own pause only filters records that are fetched already, so whole changelogs would be prefetched, and aiokafka
resets a partition without a valid position. So every assigned partition is paused in aiokafka, with a position.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from faust.transport.drivers import aiokafka as driver

from streams.kafka.protocols import TopicPartitionLike
from streams.runtime.fatal import die


class SlotRebalanceListener(driver.ConsumerRebalanceListener):  # type: ignore[misc]  # Faust publishes no types
    """Pauses and seeks first; an error ends the process, since aiokafka only logs what a listener raises."""

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartitionLike]) -> None:
        """Pauses the assignment; aiokafka calls it in the consumer's thread."""
        try:
            self._thread.pause_assignment(assigned)
            await super().on_partitions_assigned(assigned)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # whatever it is, the assignment cannot be trusted
            die("the assignment of partitions failed", error)

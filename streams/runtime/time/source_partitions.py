"""The present partitions of the in-topics: time waits for the claims of all, so a new one must be seen in time.

In-topics may gain partitions while workers run. A worker asks for their number whenever it publishes all its claims,
and no tick is later than the last such question (less `grace_ms`), as long as its answer showed no partition that the
worker did not know. A partition that was not there yet when it was asked gets its records later than that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog
from aiokafka.errors import KafkaError

from streams.clock import now_ms
from streams.errors import BrokerUnavailable
from streams.kafka.partitions import Partition, all_partitions
from streams.runtime.fatal import die

log = structlog.get_logger()

LOOK_SECONDS = 5.0
"""How long a look waits for its answer; another one follows."""


@dataclass
class SourcePartitions:
    """Every partition of every in-topic that a worker knows, without prefix.

    `seen_at` (ms) is when the partitions were asked for the last time; 0 before. `known_since` (ms) is when each was
    found by the worker: one that was there before is found as the worker begins.
    """

    present: list[Partition] = field(default_factory=list)
    seen_at: int = 0
    known_since: dict[Partition, int] = field(default_factory=dict)

    def update(self, counts: Mapping[str, int], asked_at: int) -> list[Partition]:
        """Takes the partition count of each in-topic, asked for at `asked_at` (ms); returns what is new."""
        before = set(self.present)
        self.present[:] = all_partitions(counts.items())
        self.known_since = {each: self.known_since.get(each, asked_at) for each in self.present}
        self.seen_at = max(self.seen_at, asked_at)
        return [partition for partition in self.present if partition not in before]


class SourceWatch:
    """Keeps a worker's SourcePartitions current.

    `partition_counts` asks a broker for the count of each in-topic, without prefix. `on_look` is called after each
    answer with the partitions that are new.
    """

    def __init__(
        self,
        partition_counts: Callable[[], Awaitable[Mapping[str, int]]],
        on_look: Callable[[Iterable[Partition]], Awaitable[None]],
    ) -> None:
        self.sources = SourcePartitions()
        self._partition_counts = partition_counts
        self._on_look = on_look
        self._task: asyncio.Task[None] | None = None

    async def look(self) -> list[Partition]:
        """Asks now; returns the partitions that are new. Raises BrokerUnavailable and KafkaError."""
        asked_at = now_ms()
        return self.sources.update(await self._partition_counts(), asked_at)

    def start_look(self) -> None:
        """Asks in the background, unless an answer is still awaited."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look(), name="source partitions")

    async def stop(self) -> None:
        """Gives up what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                new = await self.look()
            if new:
                log.info("partitions added", partitions=[str(partition) for partition in new])
            await self._on_look(new)
        except (KafkaError, BrokerUnavailable, TimeoutError) as error:
            log.debug("partitions not seen", error=type(error).__name__)  # ticks wait for the next look
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # without it time stops in every slot
            die("the partitions of the in-topics cannot be watched", error)

"""A deployment for an integration test: topics of its own, workers as processes, and what stands in the topics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.engine.journal import records
from streams.kafka.topic_admin import create_topics
from streams.runtime.process.supervisor import environment_of
from streams.runtime.spec import SlotKind
from streams.settings import Settings
from tests.harness.deployment.workers import Fleet
from tests.harness.kafka.foreign_topics import make_foreign
from tests.harness.kafka.topic_reader import read_topic
from tests.harness.runtime.counting_program import counting_kind
from tests.harness.runtime.oracle import Evidence, Verdict, gather, judge

PATIENCE = 120.0
"""How long (s) a condition is waited for: far more than it takes, so that a slow machine is none the worse."""


@dataclass
class Deployment:
    """`fleet` starts workers of the counting program; `producer` writes to any topic."""

    settings: Settings
    kind: SlotKind
    fleet: Fleet
    producer: Any

    def full(self, topic: str) -> str:
        """The topic's full name."""
        return self.settings.prefix + topic

    async def send(self, topic: str, key: bytes, value: bytes, partition: int | None = None, **more: Any) -> Any:
        """Writes one record and returns where it is."""
        return await self.producer.send_and_wait(self.full(topic), value, key=key, partition=partition, **more)

    async def working(self, *names: str) -> None:
        """Starts workers and waits until they work."""
        for name in names:
            self.fleet.start(name)
        for name in names:
            await self.said(name, "working")

    async def said(self, name: str, event: str, times: int = 1, seconds: float = PATIENCE) -> None:
        """Waits until a worker has logged an event that often."""
        await until(lambda: _said(self.fleet, name, event, times), f"{name} says {event}", seconds)

    async def journal(self) -> list[records.Record]:
        """All records of the journal, partition by partition."""
        partitions = await read_topic(self.settings.bootstrap, self.kind.journal_topic(self.settings))
        return [records.decode(record.value) for partition in partitions.values() for record in partition]

    async def outputs(self, topic: str) -> list[Any]:
        """All records of an out-topic."""
        partitions = await read_topic(self.settings.bootstrap, self.full(topic))
        return [record for partition in partitions.values() for record in partition]

    async def evidence(self) -> Evidence:
        """What stands in all topics."""
        return await gather(self.kind, self.settings)

    async def verdict(self) -> Verdict:
        """What the oracle says."""
        return judge(await self.evidence(), self.kind, self.settings)


async def _said(fleet: Fleet, name: str, event: str, times: int = 1) -> bool:
    return fleet.workers[name].count(event) >= times


async def until(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = PATIENCE) -> None:
    """Waits for a condition. Raises TimeoutError naming it."""
    end = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.1)


@asynccontextmanager
async def deployment(
    bootstrap: str,
    prefix: str,
    folder: Path,
    environment: Sequence[tuple[str, str]] = (),
    foreign: Mapping[str, int] | None = None,
    **settings: Any,
) -> AsyncIterator[Deployment]:
    """A deployment with topics, `foreign` ones among them (`foreign_topics`); its workers are stopped at the
    end.
    """
    given = {"partitions": 2, "in_partitions": 2, "session_ms": 6_000, "heartbeat_ms": 500, **settings}
    made = Settings(bootstrap=bootstrap, prefix=prefix, data_dir=folder, **given)
    await make_foreign(made, foreign or {})
    await create_topics(made)
    fleet = Fleet(folder, {**environment_of(made), "CHAOS_PROGRAM": "counting", **dict(environment)})
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=2, enable_idempotence=True)
    await producer.start()
    try:
        yield Deployment(made, counting_kind(made.partitions), fleet, producer)
    finally:
        await producer.stop()
        await asyncio.to_thread(fleet.stop)

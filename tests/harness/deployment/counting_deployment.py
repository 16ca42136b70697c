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
from streams.runtime.process.supervisor import child_environment
from streams.runtime.spec import AppSpec
from streams.settings import Settings
from tests.harness.deployment.workers import WorkerFleet
from tests.harness.kafka.foreign_topics import create_foreign_topics
from tests.harness.kafka.topic_reader import read_topic
from tests.harness.runtime.counting_program import counting_spec
from tests.harness.runtime.oracle import Evidence, OracleVerdict, read_evidence, verify

PATIENCE = 120.0
"""How long (s) a condition is waited for: far more than it takes, so that a slow machine is none the worse."""


@dataclass
class CountingDeployment:
    """`fleet` starts workers of the counting program; `producer` writes to any topic."""

    settings: Settings
    spec: AppSpec
    fleet: WorkerFleet
    producer: Any

    def full_name(self, topic: str) -> str:
        """The topic's full name."""
        return self.settings.prefix + topic

    async def send(self, topic: str, key: bytes, value: bytes, partition: int | None = None, **more: Any) -> Any:
        """Writes one record and returns where it is."""
        return await self.producer.send_and_wait(self.full_name(topic), value, key=key, partition=partition, **more)

    async def start_workers(self, *names: str) -> None:
        """Starts workers and waits until they work."""
        for name in names:
            self.fleet.start(name)
        for name in names:
            await self.wait_for_log(name, "working")

    async def wait_for_log(self, name: str, event: str, times: int = 1, seconds: float = PATIENCE) -> None:
        """Waits until a worker has logged an event that often."""
        await wait_until(lambda: _has_logged(self.fleet, name, event, times), f"{name} says {event}", seconds)

    async def journal(self) -> list[records.JournalRecord]:
        """All records of the journal, partition by partition."""
        partitions = await read_topic(self.settings.bootstrap, self.spec.journal_topic(self.settings))
        return [records.decode(record.value) for partition in partitions.values() for record in partition]

    async def outputs(self, topic: str) -> list[Any]:
        """All records of an out-topic."""
        partitions = await read_topic(self.settings.bootstrap, self.full_name(topic))
        return [record for partition in partitions.values() for record in partition]

    async def evidence(self) -> Evidence:
        """What stands in all topics."""
        return await read_evidence(self.spec, self.settings)

    async def verdict(self) -> OracleVerdict:
        """What the oracle says."""
        return verify(await self.evidence(), self.spec, self.settings)


async def _has_logged(fleet: WorkerFleet, name: str, event: str, times: int = 1) -> bool:
    return fleet.workers[name].count_logged(event) >= times


async def wait_until(condition: Callable[[], Awaitable[bool]], message: str, seconds: float = PATIENCE) -> None:
    """Waits for a condition. Raises TimeoutError naming it."""
    end = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:.0f} s: {message}")
        await asyncio.sleep(0.1)


@asynccontextmanager
async def counting_deployment(
    bootstrap: str,
    prefix: str,
    folder: Path,
    environment: Sequence[tuple[str, str]] = (),
    foreign_topics: Mapping[str, int] | None = None,
    **settings: Any,
) -> AsyncIterator[CountingDeployment]:
    """A deployment with topics, `foreign_topics` ones among them (`foreign_topics`); its workers are stopped at the
    end.
    """
    given = {"partitions": 2, "in_partitions": 2, "session_ms": 6_000, "heartbeat_ms": 500, **settings}
    made = Settings(bootstrap=bootstrap, prefix=prefix, data_dir=folder, **given)
    await create_foreign_topics(made, foreign_topics or {})
    await create_topics(made)
    fleet = WorkerFleet(folder, {**child_environment(made), "CHAOS_PROGRAM": "counting", **dict(environment)})
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=2, enable_idempotence=True)
    await producer.start()
    try:
        yield CountingDeployment(made, counting_spec(made.partitions), fleet, producer)
    finally:
        await producer.stop()
        await asyncio.to_thread(fleet.stop)

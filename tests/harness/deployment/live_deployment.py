"""What a scenario stands on: a deployment on the wall clock, workers as people start them, and a producer."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from streams.app import pipeline_spec
from streams.engine.releases.release_log import Release
from streams.kafka.topic_admin import create_topics
from streams.runtime.process.supervisor import child_environment
from streams.runtime.spec import AppSpec
from streams.settings import Settings
from streams.store.releases import ReleaseRepository
from tests.harness.deployment.workers import WorkerFleet, WorkerProcess
from tests.harness.kafka.foreign_topics import create_foreign_topics
from tests.harness.runtime.oracle import OracleVerdict, read_evidence, verify

WORKER = (sys.executable, "-c", "from streams.cli.main import run; run()", "worker", "--role", "pipeline")
"""`leadstream worker --role pipeline`: a parent and its child."""

IN_FLIGHT = 5_000
START_SECONDS = 120.0


@dataclass
class LiveDeployment:
    """One deployment; `fleet` holds its workers."""

    settings: Settings
    spec: AppSpec
    fleet: WorkerFleet
    producer: Any
    _in_flight: list[Any] = field(default_factory=list)

    async def start_workers(self, *names: str) -> None:
        """Starts workers and waits until each works."""
        started = [self.fleet.start(name) for name in names]
        await wait_until(lambda: all(map(is_working, started)), START_SECONDS, "every worker works")

    async def send(self, topic: str, event: dict[str, Any], **more: Any) -> None:
        """Puts an event on its way; `flush` waits until all are acknowledged."""
        value = msgspec.json.encode(event)
        key = str(event["contact"]).encode()
        self._in_flight.append(await self.producer.send(self.settings.prefix + topic, value, key=key, **more))
        if len(self._in_flight) >= IN_FLIGHT:
            await self.flush()

    async def flush(self) -> list[Any]:
        """Where everything sent since the last time is, in the order of sending."""
        sending, self._in_flight = self._in_flight, []
        return list(await asyncio.gather(*sending))

    async def apply(self, document: dict[str, Any], at: int | None = None) -> Release:
        """Makes the definitions the account's next release, from the instant `at` (ms) on or from now on."""
        releases = ReleaseRepository(self.settings, self.settings.clock)
        latest = await releases.latest("default")
        made = await releases.write_release("default", document, latest.number if latest else 0, at)
        assert isinstance(made, Release), made
        return made

    def count_logged(self, event: str) -> int:
        """How often all workers together logged an event."""
        return sum(worker.count_logged(event) for worker in self.fleet.all_workers())

    def peak_memory(self) -> dict[str, int]:
        """The most memory (MB) that each worker process has held since its start."""
        return {
            name: peak_memory_mb(pid) for name, worker in self.fleet.workers.items() if (pid := worker.child_pid())
        }

    async def verdict(self) -> OracleVerdict:
        """What the oracle says of everything in the topics; the workers must have stopped."""
        return verify(await read_evidence(self.spec, self.settings), self.spec, self.settings)


@asynccontextmanager
async def live_deployment(
    bootstrap: str, prefix: str, folder: Path, foreign_topics: Mapping[str, int] | None = None, **settings: Any
) -> AsyncIterator[LiveDeployment]:
    """A stage with its topics made; every worker is stopped at the end.

    `foreign_topics` are in-topics (without prefix) made by others, with their partition counts: records bring their
    time.
    """
    made = Settings(bootstrap=bootstrap, prefix=prefix, data_dir=folder / "run", **settings)
    await create_foreign_topics(made, foreign_topics or {})
    await create_topics(made)
    fleet = WorkerFleet(folder, child_environment(made), WORKER)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, enable_idempotence=True)
    await producer.start()
    try:
        yield LiveDeployment(made, pipeline_spec(made), fleet, producer)
    finally:
        await producer.stop()
        await asyncio.to_thread(fleet.stop)


def is_working(worker: WorkerProcess) -> bool:
    """Whether it owns its slots. Raises RuntimeError when it has ended instead."""
    if worker.process.poll() is not None:
        raise RuntimeError(f"{worker.name} has ended, see {worker.log}")
    return worker.count_logged("working") > 0


async def wait_until(condition: Callable[[], bool], seconds: float, message: str) -> None:
    """Waits for a condition. Raises TimeoutError naming it."""
    if not await wait_for(condition, seconds):
        raise TimeoutError(f"not within {seconds:.0f} s: {message}")


async def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Waits for a condition; whether it came."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.1)
    return True


def peak_memory_mb(pid: int) -> int:
    """The peak resident memory of a process, 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = (line.split() for line in status.splitlines())
    return next((int(words[1]) // 1024 for words in lines if words[0] == "VmHWM:"), 0)

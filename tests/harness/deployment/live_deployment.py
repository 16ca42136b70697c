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

from streams.app import pipeline
from streams.engine.releases.release_log import Release
from streams.kafka.topic_admin import create_topics
from streams.runtime.process.supervisor import environment_of
from streams.runtime.spec import SlotKind
from streams.settings import Settings
from streams.store.releases import Releases
from tests.harness.deployment.workers import Fleet, Worker
from tests.harness.kafka.foreign_topics import make_foreign
from tests.harness.runtime.oracle import Verdict, gather, judge

WORKER = (sys.executable, "-c", "from streams.cli.main import run; run()", "worker", "--role", "pipeline")
"""`leadstream worker --role pipeline`: a parent and its child."""

IN_FLIGHT = 5_000
START_SECONDS = 120.0


@dataclass
class Stage:
    """One deployment; `fleet` holds its workers."""

    settings: Settings
    kind: SlotKind
    fleet: Fleet
    producer: Any
    _sending: list[Any] = field(default_factory=list)

    async def start(self, *names: str) -> None:
        """Starts workers and waits until each works."""
        started = [self.fleet.start(name) for name in names]
        await until(lambda: all(map(is_working, started)), START_SECONDS, "every worker works")

    async def send(self, topic: str, event: dict[str, Any], **more: Any) -> None:
        """Puts an event on its way; `delivered` waits until all are acknowledged."""
        value = msgspec.json.encode(event)
        key = str(event["contact"]).encode()
        self._sending.append(await self.producer.send(self.settings.prefix + topic, value, key=key, **more))
        if len(self._sending) >= IN_FLIGHT:
            await self.delivered()

    async def delivered(self) -> list[Any]:
        """Where everything sent since the last time is, in the order of sending."""
        sending, self._sending = self._sending, []
        return list(await asyncio.gather(*sending))

    async def apply(self, document: dict[str, Any], at: int | None = None) -> Release:
        """Makes the definitions the account's next release, from the instant `at` (ms) on or from now on."""
        releases = Releases(self.settings, self.settings.clock)
        latest = await releases.latest("default")
        made = await releases.make("default", document, latest.number if latest else 0, at)
        assert isinstance(made, Release), made
        return made

    def logged(self, event: str) -> int:
        """How often all workers together logged an event."""
        return sum(worker.count(event) for worker in self.fleet.everybody())

    def peak_memory(self) -> dict[str, int]:
        """The most memory (MB) that each worker process has held since its start."""
        return {name: peak_mb(pid) for name, worker in self.fleet.workers.items() if (pid := worker.child())}

    async def verdict(self) -> Verdict:
        """What the oracle says of everything in the topics; the workers must have stopped."""
        return judge(await gather(self.kind, self.settings), self.kind, self.settings)


@asynccontextmanager
async def stage(
    bootstrap: str, prefix: str, folder: Path, foreign: Mapping[str, int] | None = None, **settings: Any
) -> AsyncIterator[Stage]:
    """A stage with its topics made; every worker is stopped at the end.

    `foreign` are in-topics (without prefix) made by others, with their partition counts: records bring their time.
    """
    made = Settings(bootstrap=bootstrap, prefix=prefix, data_dir=folder / "run", **settings)
    await make_foreign(made, foreign or {})
    await create_topics(made)
    fleet = Fleet(folder, environment_of(made), WORKER)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, enable_idempotence=True)
    await producer.start()
    try:
        yield Stage(made, pipeline(made), fleet, producer)
    finally:
        await producer.stop()
        await asyncio.to_thread(fleet.stop)


def is_working(worker: Worker) -> bool:
    """Whether it owns its slots. Raises RuntimeError when it has ended instead."""
    if worker.process.poll() is not None:
        raise RuntimeError(f"{worker.name} has ended, see {worker.log}")
    return worker.count("working") > 0


async def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Waits for a condition. Raises TimeoutError naming it."""
    if not await came(condition, seconds):
        raise TimeoutError(f"not within {seconds:.0f} s: {what}")


async def came(condition: Callable[[], bool], seconds: float) -> bool:
    """Waits for a condition; whether it came."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.1)
    return True


def peak_mb(pid: int) -> int:
    """The peak resident memory of a process, 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = (line.split() for line in status.splitlines())
    return next((int(words[1]) // 1024 for words in lines if words[0] == "VmHWM:"), 0)

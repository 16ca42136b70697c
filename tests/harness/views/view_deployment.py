"""A deployment whose outputs are made up: topics, a Redis, and the process that keeps the read models."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import redis
from aiokafka import AIOKafkaProducer

from streams.errors import BrokerUnavailable
from streams.kafka.clients import wait_for_brokers
from streams.kafka.topic_admin import create_topics
from streams.settings import Settings
from streams.views.topics import VIEW_TOPICS
from tests.harness.deployment.counting_deployment import wait_until
from tests.harness.kafka.topic_reader import end_offsets, read_topic
from tests.harness.project_files import PROJECT_ROOT
from tests.harness.views.output_traffic import OutputToWrite, OutputTraffic, value_bytes
from tests.harness.views.redis_snapshot import snapshot
from tests.harness.views.topic_fold import Snapshot, fold

STEPS_OF_A_TRANSACTION = 10
LIMIT_SECONDS = 120.0

Result = TypeVar("Result")


class ViewDeployment:
    """Use as a context manager: it ends its processes. `redis_url` names a Redis of the test.

    Processes connect to `gateway_url` where that is given; `group` names the group of those that fill this Redis.
    """

    def __init__(
        self,
        bootstrap: str,
        prefix: str,
        redis_url: str,
        folder: Path,
        *,
        seed: int = 1,
        gateway_url: str | None = None,
        group: str | None = None,
    ) -> None:
        self.settings = Settings(
            bootstrap=bootstrap,
            prefix=prefix,
            partitions=2,
            in_partitions=2,
            redis_url=redis_url,
            views_group=group,
            session_ms=6_000,
        )
        self.redis_url = redis_url
        self._gateway_url = gateway_url or redis_url
        self._folder = folder
        self.traffic = OutputTraffic(seed)
        self.consumers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> ViewDeployment:
        run_apart(create_topics(self.settings))
        return self

    def __exit__(self, *_: object) -> None:
        for consumer in self.consumers:
            if consumer.poll() is None:
                consumer.send_signal(signal.SIGTERM)
        for consumer in self.consumers:
            try:
                consumer.wait(30)
            except subprocess.TimeoutExpired:
                consumer.kill()
                consumer.wait()
            assert consumer.stdin is not None
            consumer.stdin.close()

    @property
    def environment(self) -> dict[str, str]:
        """What commands and processes of this deployment are told."""
        return {
            "LEADSTREAM_BOOTSTRAP": self.settings.bootstrap,
            "LEADSTREAM_PREFIX": self.settings.prefix,
            "LEADSTREAM_PARTITIONS": "2",
            "LEADSTREAM_SESSION_MS": "6000",
            "LEADSTREAM_REDIS_URL": self._gateway_url,
            "LEADSTREAM_START_PATIENCE_MS": "30000",
            **({"LEADSTREAM_VIEWS_GROUP": self.settings.views_group} if self.settings.views_group else {}),
        }

    def client(self) -> redis.Redis:
        """A plain client of the Redis."""
        return redis.Redis.from_url(self.redis_url)

    def start_consumer(self, name: str | None = None) -> subprocess.Popen[bytes]:
        """The process of the role `views`; its log lines go to a file."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("LEADSTREAM_")}
        environment = {**inherited, **self.environment, **({"LEADSTREAM_NAME": name} if name else {})}
        with self.log_path.open("ab") as log:
            consumer = subprocess.Popen(
                [sys.executable, "-m", "agents.views"],
                env=environment,
                stdin=subprocess.PIPE,  # an end of it would say that the parent is gone
                stdout=log,
                stderr=log,
                cwd=PROJECT_ROOT,
            )
        self.consumers.append(consumer)
        return consumer

    @property
    def log_path(self) -> Path:
        """The log lines of all consumers."""
        return self._folder / "views.log"

    @contextmanager
    def writing(
        self, steps: int = 60, pause: float = 0.0, passes_over: tuple[type[Exception], ...] = ()
    ) -> Iterator[None]:
        """Outputs are written all the time, until the block ends: each time so many steps, `pause` (s) in between."""
        is_over = threading.Event()

        def write_on() -> None:
            while not is_over.is_set():
                with suppress(*passes_over):
                    self.write(steps, aborted=1)
                is_over.wait(pause)

        with ThreadPoolExecutor(1) as thread:
            work = thread.submit(write_on)
            try:
                yield
            finally:
                is_over.set()
                work.result()

    def write(self, steps: int, aborted: int = 3) -> None:
        """Writes made-up outputs in transactions; some copies of them go into transactions that are aborted."""
        run_apart(self._write_outputs(steps, aborted))

    async def _write_outputs(self, steps: int, aborted: int = 3) -> None:
        settings = self.settings
        producer: Any = AIOKafkaProducer(
            bootstrap_servers=settings.bootstrap, transactional_id=f"{settings.prefix}test", linger_ms=1
        )
        wait_for_brokers(producer.client)
        try:
            await producer.start()
            all_steps = list(self.traffic.steps(steps, settings.partitions, settings.in_partitions))
            portions = [
                all_steps[start : start + STEPS_OF_A_TRANSACTION] for start in range(0, steps, STEPS_OF_A_TRANSACTION)
            ]
            for number, portion in enumerate(portions):
                if number < aborted:
                    await self._write_transaction(producer, portion, commit=False)
                await self._write_transaction(producer, portion, commit=True)
        finally:
            await producer.stop()

    async def _write_transaction(self, producer: Any, steps: Sequence[list[OutputToWrite]], *, commit: bool) -> None:
        await producer.begin_transaction()
        for output in (output for step in steps for output in step):
            await producer.send(
                self.settings.prefix + output.topic,
                value_bytes(output.value),
                output.key.encode(),
                partition=output.partition,
                timestamp_ms=output.timestamp,
            )
        await (producer.commit_transaction() if commit else producer.abort_transaction())

    def records(self, topic: str) -> list[Any]:
        """All records of a topic given without prefix."""
        partitions = run_apart(read_topic(self.settings.bootstrap, self.settings.prefix + topic))
        return [record for records in partitions.values() for record in records]

    def expected(self) -> Snapshot:
        """What the topics say now."""
        return run_apart(self._fold())

    async def _fold(self) -> Snapshot:
        bootstrap, prefix = self.settings.bootstrap, self.settings.prefix
        # The broker acknowledges the end of a transaction before readers see it.
        await wait_until(self._is_visible, "no transaction is open")
        return fold({topic.name: await read_topic(bootstrap, prefix + topic.name) for topic in VIEW_TOPICS})

    async def _is_visible(self) -> bool:
        bootstrap, prefix = self.settings.bootstrap, self.settings.prefix
        for topic in VIEW_TOPICS:
            ends = await end_offsets(bootstrap, prefix + topic.name)
            if await end_offsets(bootstrap, prefix + topic.name, "read_committed") != ends:
                return False
        return True

    def ends(self) -> dict[str, int]:
        """`topic:partition` to where it ends."""
        return run_apart(self._ends())

    async def _ends(self) -> dict[str, int]:
        bootstrap, prefix = self.settings.bootstrap, self.settings.prefix
        return {
            f"{topic.name}:{partition}": end
            for topic in VIEW_TOPICS
            for partition, end in (await end_offsets(bootstrap, prefix + topic.name)).items()
        }

    def snapshot(self) -> Snapshot:
        """What Redis says now."""
        with self.client() as client:
            return snapshot(client, self.settings.prefix)

    def wait_until_equal(self, *, restart: bool = False) -> Snapshot:
        """Until Redis says what the topics say; with `restart` a consumer that ended itself is started again."""
        expected = self.expected()
        found: Snapshot = {}

        def is_equal() -> bool:
            nonlocal found
            if restart and self.consumers[-1].poll() == BrokerUnavailable.exit_code:
                self.start_consumer()
            try:
                found = self.snapshot()
            except (redis.ConnectionError, redis.BusyLoadingError):
                return False
            return found == expected

        wait_until_true(is_equal, lambda: f"{differences(expected, found)}\n{self.log_path.read_text()[-3000:]}")
        return expected


def run_apart(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs in a thread of its own, so that a test's own loop does not matter."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work)).result()


def wait_until_true(condition: Callable[[], bool], message: Callable[[], str]) -> None:
    """Asks again and again; fails with the message after two minutes."""
    end = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < end, message()
        time.sleep(0.1)


def differences(expected: Snapshot, found: Snapshot) -> str:
    """The kinds of models that differ, by account; of a mapping what differs."""
    wrong = []
    for account, model in expected.items():
        for kind, right in model.items():
            seen = found.get(account, {}).get(kind)
            if isinstance(right, dict) and isinstance(seen, dict):
                names = sorted(name for name in right.keys() | seen.keys() if right.get(name) != seen.get(name))
                wrong += [f"{account} {kind} {name}: {right.get(name)} != {seen.get(name)}"[:600] for name in names]
            elif seen != right:
                wrong.append(f"{account} {kind}: {str(right)[:300]} != {str(seen)[:300]}")
    extra = [f"unexpected account {account}" for account in found if account not in expected]
    return "\n".join(wrong + extra)

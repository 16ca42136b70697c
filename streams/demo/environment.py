"""What the demo runs on: Kafka, the sandbox and a worker, started at the beginning and stopped at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from connectors.ports import free_port
from connectors.salesforce_sandbox.server import SandboxServer
from schemas.definitions import Definitions
from streams.demo.local_kafka import DemoKafka
from streams.demo.worker import CONSOLE_ROLE, FIRST_ROLES, LATER_ROLES, DemoWorker
from streams.environment import load_settings
from streams.kafka.topic_admin import create_topics
from streams.settings import Settings

EARLY_STOP_SECONDS = 1.0
"""How long the worker may take to end before there is anything that it could lose."""
PATIENCE_MS = 120_000
"""How long the worker waits for its topics: it starts at the same time as Kafka, so that both load in parallel."""
WATCH_SECONDS = 0.1

StatusCallback = Callable[[str], None]


def sample_campaigns(definitions: Definitions) -> Mapping[str, str]:
    """Returns the campaigns that hand over leads: Salesforce's id -> name."""
    return {each.salesforce.campaign: each.name for each in definitions.campaigns if each.salesforce is not None}


class DemoEnvironment:
    """An async context manager that starts everything on entry and stops it on exit.

    `kafka` has begun to start; None where `settings` name a Kafka that runs. `on_status` is called with what is being
    done. The log and the worker's data go into `folder`. `has_console`: whether `complete` starts the console, too.
    """

    def __init__(
        self,
        folder: Path,
        kafka: DemoKafka | None,
        settings: Settings | None,
        definitions: Definitions,
        on_status: StatusCallback,
        *,
        has_console: bool,
    ) -> None:
        self._folder = folder
        self._kafka = kafka
        self._on_status = on_status
        self._org = SandboxServer(campaigns=sample_campaigns(definitions))
        self._worker: DemoWorker | None = None
        self._is_complete = False
        self._has_console = has_console
        self.settings = settings or load_settings()

    @property
    def org_url(self) -> str:
        """The URL of the sandbox."""
        return self._org.url

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def watch_worker(self) -> None:
        """Waits for the worker to end, which it should not do; raises Internal when it does."""
        assert self._worker is not None
        await self._worker.watch()

    def complete(self) -> None:
        """Starts what is not needed before there are changes; from now on everything is stopped in good order."""
        assert self._worker is not None
        self._worker.launch(*LATER_ROLES, *([CONSOLE_ROLE] if self._has_console else []))
        self._is_complete = True

    async def await_console(self) -> str | None:
        """Waits until the console answers and returns its address; None where there is none."""
        if not self._has_console:
            return None
        host, port = self.settings.serve_host, self.settings.serve_port
        while True:
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError:
                await asyncio.sleep(WATCH_SECONDS)
            else:
                writer.close()
                return f"http://{host}:{port}"

    async def stop_worker(self) -> None:
        """Stops what decides and hands over: from now on nothing more comes out."""
        assert self._worker is not None
        await self._worker.stop()

    def prepare_next_start(self) -> None:
        """Lets Kafka's next start take half the time, with what the processors have left."""
        if self._kafka is not None:
            self._kafka.prepare_next_start()

    async def _start(self) -> None:
        await self._org.start()
        self.settings = self._build_settings()
        self._worker = DemoWorker(self.settings, self._folder / "worker.log")
        self._worker.launch(*FIRST_ROLES)
        if self._kafka is not None:
            await self._await_kafka(self._kafka)
        self._on_status("making the topics")
        await create_topics(self.settings)
        self._on_status("applying the sample definitions")

    async def _await_kafka(self, kafka: DemoKafka) -> None:
        start = asyncio.create_task(kafka.await_start())
        try:
            while not start.done():
                self._on_status(kafka.status)
                await asyncio.wait({start}, timeout=WATCH_SECONDS)
        finally:
            start.cancel()
        await start

    def _build_settings(self) -> Settings:
        changes: dict[str, Any] = {
            "clock": "events",
            "data_dir": self._folder / "worker",
            "salesforce_url": self._org.url,
            "start_patience_ms": PATIENCE_MS,
            "salesforce_poll_ms": 500,
            "salesforce_currency": "EUR",
            "serve_host": "127.0.0.1",
            "serve_port": free_port(),
            "serve_tokens": None,
        }
        if self._kafka is not None:
            changes |= {"bootstrap": self._kafka.bootstrap, "prefix": ""}
        return self.settings.model_copy(update=changes)

    async def _stop(self) -> None:
        """Stops the worker before the broker, which it needs for a clean stop."""
        self._on_status("stopping")
        if self._worker is not None:
            await (self._worker.stop() if self._is_complete else self._worker.stop(EARLY_STOP_SECONDS))
        await self._org.stop()
        if self._kafka is not None:
            await asyncio.to_thread(self._kafka.stop if self._is_complete else self._kafka.give_up)

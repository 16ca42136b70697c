"""What the demo runs on: Kafka, the sandbox and a worker, started at the beginning and stopped at the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ruamel.yaml import YAML

from connectors.kafka.broker import LocalBroker
from connectors.ports import LOOPBACK, free_port
from connectors.salesforce_sandbox.server import SandboxServer
from schemas.definitions import Definitions
from streams.demo.format_cache import cache_format, restore_format
from streams.environment import load_settings
from streams.errors import Internal
from streams.kafka.topic_admin import create_topics
from streams.publish.lines import DefinitionsLine
from streams.runtime.process.supervisor import child_environment
from streams.settings import Settings

WORKER_STOP_SECONDS = 25.0
WORKER_SCRIPT = "from streams.cli.main import run; run()"
PATIENCE_MS = 120_000
"""How long the worker waits for its topics: it starts at the same time as Kafka, so that both load in parallel."""

StatusCallback = Callable[[str], None]


def sample_document() -> dict[str, Any]:
    """Returns the sample definitions as the file has them."""
    text = (files("streams.demo") / "definitions.yaml").read_text()
    document: dict[str, Any] = YAML(typ="safe").load(text)
    return document


def sample_definitions() -> Definitions:
    """Returns the sample definitions as a model."""
    return Definitions.model_validate_json(json.dumps(sample_document()))


def sample_release(at: int) -> DefinitionsLine:
    """Returns a line that applies the sample definitions at `at` (ms)."""
    document = sample_document()
    return DefinitionsLine("the sample definitions", document["account"], at, document)


def sample_campaigns(definitions: Definitions) -> Mapping[str, str]:
    """Returns the campaigns that hand over leads: Salesforce's id -> name."""
    return {each.salesforce.campaign: each.name for each in definitions.campaigns if each.salesforce is not None}


class DemoEnvironment:
    """An async context manager that starts everything on entry and stops it on exit.

    `on_status` is called with what it is doing. `settings` name a Kafka that runs already; without them one is
    started in `folder`.
    """

    def __init__(self, folder: Path, settings: Settings | None, on_status: StatusCallback) -> None:
        self._folder = folder
        self._kafka = folder / "kafka"
        self._port = free_port()
        self._broker = LocalBroker(self._kafka, self._port) if settings is None else None
        self._on_status = on_status
        self._org = SandboxServer(campaigns=sample_campaigns(sample_definitions()))
        self._worker: asyncio.subprocess.Process | None = None
        self._log = folder / "worker.log"
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
        code = await self._worker.wait()
        lines = self._log.read_text(errors="replace").strip().splitlines()
        raise Internal(f"the demo's worker ended with code {code}: {lines[-1] if lines else 'it said nothing'}")

    async def _start(self) -> None:
        await self._org.start()
        self.settings = self._build_settings()
        await asyncio.gather(self._launch_worker(), self._start_kafka())
        self._on_status("making the topics")
        await create_topics(self.settings)
        self._on_status("applying the sample definitions")

    async def _start_kafka(self) -> None:
        if self._broker is None:
            return
        restore_format(self._kafka / "data")
        start = asyncio.create_task(asyncio.to_thread(self._broker.start, self._report_progress))
        try:
            await asyncio.shield(start)
        except asyncio.CancelledError:
            # The thread cannot be interrupted. Only a broker that has started can be stopped, so wait for it.
            with contextlib.suppress(Exception):
                await start
            raise
        cache_format(self._kafka / "data")

    def _report_progress(self, what: str, done: int, total: int) -> None:
        self._on_status(f"{what} {done >> 20} of {total >> 20} MB" if total else what)

    def _build_settings(self) -> Settings:
        changes: dict[str, Any] = {
            "clock": "events",
            "data_dir": self._folder / "worker",
            "salesforce_url": self._org.url,
            "start_patience_ms": PATIENCE_MS,
            "salesforce_poll_ms": 500,
            "salesforce_currency": "EUR",
        }
        if self._broker is not None:
            changes |= {"bootstrap": f"{LOOPBACK}:{self._port}", "prefix": ""}
        return self.settings.model_copy(update=changes)

    async def _launch_worker(self) -> None:
        with self._log.open("wb") as log:
            self._worker = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", WORKER_SCRIPT, "worker"),
                env=child_environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # only the demo gets Ctrl-C; it then stops the worker cleanly
            )

    async def _stop(self) -> None:
        """Stops the worker before the broker, which it needs for a clean stop."""
        self._on_status("stopping")
        await self._stop_worker()
        await self._org.stop()
        if self._broker is not None:
            await asyncio.to_thread(self._broker.stop)

    async def _stop_worker(self) -> None:
        worker = self._worker
        if worker is None or worker.returncode is not None:
            return
        worker.terminate()
        try:
            async with asyncio.timeout(WORKER_STOP_SECONDS):
                await worker.wait()
        except TimeoutError:
            worker.kill()
            await worker.wait()

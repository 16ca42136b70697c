"""The demo's worker: the processes that `leadstream worker` runs, with the demo as their parent."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from streams.errors import Internal
from streams.runtime.process.supervisor import STOP_SECONDS, Supervisor, child_environment, role_child
from streams.settings import Settings

NAME = "demo"
FIRST_ROLES = ("pipeline",)
"""What decides about contacts."""
LATER_ROLES = ("ledger", "crm")
"""What nothing waits for in the first seconds: started later, so that they take no time from the others."""
CONSOLE_ROLE = "serve"
"""The HTTP server with the console, and what it starts: a Redis, and the process of the read models."""


class DemoWorker:
    """Runs processes that write to the file `log`."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._environment = child_environment(settings.model_copy(update={"name": NAME}))
        self._log = log
        self._output = log.open("ab")
        self._supervisors: list[Supervisor] = []
        self._runs: list[asyncio.Task[None]] = []
        self._exit_codes: asyncio.Queue[int] = asyncio.Queue()

    def launch(self, *roles: str) -> None:
        """Starts a process for each role."""
        children = [role_child(role, self._environment) for role in roles]
        supervisor = Supervisor(children, output=self._output.fileno(), report=self._write_line)
        self._supervisors.append(supervisor)
        self._runs.append(asyncio.create_task(self._run(supervisor)))

    async def watch(self) -> None:
        """Waits for processes that end for good, which none should do; raises Internal then."""
        code = await self._exit_codes.get()
        lines = self._log.read_text(errors="replace").strip().splitlines()
        raise Internal(f"the demo's worker ended with code {code}: {lines[-1] if lines else 'it said nothing'}")

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Stops all processes, after so many seconds by force; nothing when they are stopped already."""
        for supervisor in self._supervisors:
            supervisor.stop(seconds)
        await asyncio.gather(*self._runs, return_exceptions=True)
        self._output.close()

    async def _run(self, supervisor: Supervisor) -> None:
        await self._exit_codes.put(await supervisor.run())

    def _write_line(self, event: str, **facts: object) -> None:
        line = {"event": event, "level": "warning", "timestamp": datetime.now(UTC).isoformat(), **facts}
        self._output.write(json.dumps(line).encode() + b"\n")
        self._output.flush()

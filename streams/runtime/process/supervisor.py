"""The parent of worker processes: starts each again when it ends itself, with the same name and a backoff.

Any error ends a worker process, so without a parent a broker's restart would end the deployment. An error that no
restart mends (configuration, a second worker of the same name) ends the parent too, with the same exit code. SIGTERM
and SIGINT go to the children, and the parent waits for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from streams.errors import ConfigurationError, DuplicateWorker, Internal, UsageError
from streams.settings import FILE_SUFFIX, Settings, variable_name

log = structlog.get_logger()

FINAL_CODES = frozenset({UsageError.exit_code, ConfigurationError.exit_code, DuplicateWorker.exit_code})
FIRST_BACKOFF_SECONDS = 0.1
LONGEST_BACKOFF_SECONDS = 5.0
STEADY_SECONDS = 10.0
"""A child that lived that long starts again without the backoff of its earlier deaths."""
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Child:
    """A command to run in an environment; `name` is for the log lines."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


def child_environment(settings: Settings) -> dict[str, str]:
    """This process's environment with every setting in it, so that a child reads the same settings."""
    environment = dict(os.environ)
    for name, value in settings.model_dump(mode="json").items():
        variable = variable_name(name)
        environment.pop(variable, None)
        environment.pop(variable + FILE_SUFFIX, None)
        if value is not None:
            environment[variable] = str(value)
    return environment


def supervise(children: Sequence[Child], keep_open: Sequence[int] = ()) -> int:
    """Runs the children until a signal; returns the exit code. The children inherit the descriptors `keep_open`."""
    return asyncio.run(Supervisor(children, keep_open).run())


class Supervisor:
    """Runs and restarts children; `stop` ends them."""

    def __init__(self, children: Sequence[Child], keep_open: Sequence[int] = ()) -> None:
        self._children = children
        self._keep_open = tuple(keep_open)
        self._stopping = asyncio.Event()
        self._exit_code = 0

    async def run(self) -> int:
        """Returns when all children have ended: 0 after a signal, else the exit code that no restart mends."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        return await self.run_children()

    async def run_children(self) -> int:
        """The same where signals are the caller's: it calls `stop`."""
        await asyncio.gather(*(self._keep_running(child) for child in self._children))
        return self._exit_code

    def stop(self) -> None:
        """Ends every child in good order."""
        self._stopping.set()

    async def _keep_running(self, child: Child) -> None:
        backoff = FIRST_BACKOFF_SECONDS
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            code = await self._run_once(child)
            if self._stopping.is_set():
                return
            if code in FINAL_CODES:
                self._exit_code = code
                self._stopping.set()
                return
            if loop.time() - began > STEADY_SECONDS:
                backoff = FIRST_BACKOFF_SECONDS
            log.warning("restarting", child=child.name, exit_code=code, after_ms=round(1000 * backoff))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(backoff):
                    await self._stopping.wait()
            backoff = min(2 * backoff, LONGEST_BACKOFF_SECONDS)

    async def _run_once(self, child: Child) -> int:
        # The child's standard input is a pipe from this process: its end shows the child that the parent is gone.
        process = await asyncio.create_subprocess_exec(
            *child.command,
            env=dict(child.environment),
            stdin=asyncio.subprocess.PIPE,
            pass_fds=self._keep_open,
            start_new_session=True,  # Ctrl-C in a terminal goes to the parent alone, which passes it on
        )
        exit_task = asyncio.create_task(process.wait())
        stop_task = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({exit_task, stop_task}, return_when=asyncio.FIRST_COMPLETED)
        stop_task.cancel()
        if not exit_task.done():
            await self._terminate(process, exit_task, child)
        return await exit_task

    async def _terminate(
        self, process: asyncio.subprocess.Process, exit_task: asyncio.Task[int], child: Child
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        done, _ = await asyncio.wait({exit_task}, timeout=STOP_SECONDS)
        if not done:
            log.warning("killed", child=child.name, why=f"it did not stop within {STOP_SECONDS:.0f} s")
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def exit_with_parent() -> None:
    """In a child: ends this process in good order, and in a bounded time, when the parent is gone."""

    standard_input = sys.stdin.fileno()

    def wait_for_end() -> None:
        while os.read(standard_input, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(STOP_SECONDS)
        os._exit(Internal.exit_code)

    threading.Thread(target=wait_for_end, name="parent", daemon=True).start()

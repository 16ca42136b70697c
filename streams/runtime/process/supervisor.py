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
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import structlog

from streams.clock import now_ms
from streams.errors import BrokerUnavailable, ConfigurationError, DuplicateWorker, Internal, UsageError
from streams.runtime.fatal import error_summary
from streams.runtime.process.report_channel import DESCRIPTOR_VARIABLE, ReportRequests, open_requests
from streams.settings import FILE_SUFFIX, Settings, variable_name

log = structlog.get_logger()

MENDED_CODES = (BrokerUnavailable.exit_code, Internal.exit_code)
"""The exit codes that a process ends itself with, to be started again."""
FINAL_CODES = frozenset({UsageError.exit_code, ConfigurationError.exit_code, DuplicateWorker.exit_code})
FIRST_BACKOFF_SECONDS = 0.1
LONGEST_BACKOFF_SECONDS = 5.0
STEADY_SECONDS = 10.0
"""A child that lived that long starts again without the backoff of its earlier deaths."""
STOP_SECONDS = 20.0


ChildReport = Callable[..., None]
"""Called with what has become of a child, and with the facts as keywords, as a log's `warning` is."""


@dataclass(frozen=True)
class Child:
    """A command to run in an environment; `name` is for the log lines."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


@dataclass
class ChildState:
    """A child as its parent knows it now; `requests` ask it, None while it does not run.

    `started_at` is the wall clock (ms) at its last start. `has_answered` says whether it gave an answer since then,
    `report_problem` what was wrong with the last one. `failures` are how often it ended by itself, by exit code.
    """

    name: str
    pid: int = 0
    started_at: int = 0
    has_answered: bool = False
    report_problem: str = ""
    requests: ReportRequests | None = None
    failures: Counter[int] = field(default_factory=lambda: Counter(dict.fromkeys(MENDED_CODES, 0)))


Companion = Callable[[Sequence[ChildState]], AbstractAsyncContextManager[object]]
"""What runs in the parent beside its children, given their states."""


def role_child(role: str, environment: Mapping[str, str]) -> Child:
    """The process of a role: `pipeline`, `ledger`, `crm` or `views`; or `serve`."""
    modules = {"crm": ["agents.crm.main"], "views": ["agents.views"], "serve": ["streams.serve.child"]}
    return Child(role, [sys.executable, "-m", *modules.get(role, ["streams.app", role])], environment)


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


def supervise(children: Sequence[Child], keep_open: Sequence[int] = (), companion: Companion | None = None) -> int:
    """Runs the children, and `companion` beside them, until a signal; returns the exit code.

    The children inherit the descriptors `keep_open`. Raises what the companion's start raises, before any child runs.
    """
    return asyncio.run(_supervise_until_signal(Supervisor(children, keep_open), companion))


async def _supervise_until_signal(supervisor: Supervisor, companion: Companion | None) -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, supervisor.stop)
    if companion is None:
        return await supervisor.run()
    async with companion(supervisor.states):
        return await supervisor.run()


class Supervisor:
    """Runs and restarts children; `stop` ends them. They write to the descriptor `output`, else to this process's.

    `states` are those of the children, in their order.
    """

    def __init__(
        self,
        children: Sequence[Child],
        keep_open: Sequence[int] = (),
        *,
        output: int | None = None,
        report: ChildReport | None = None,
    ) -> None:
        self._children = children
        self.states = [ChildState(child.name) for child in children]
        self._keep_open = tuple(keep_open)
        self._output = output
        self._report = report or _log_report
        self._stopping = asyncio.Event()
        self._stop_seconds = STOP_SECONDS
        self._exit_code = 0

    async def run(self) -> int:
        """Returns when all children have ended: 0 after `stop`, else the exit code that no restart mends."""
        await asyncio.gather(*map(self._keep_running, self._children, self.states))
        return self._exit_code

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ends every child in good order, and by force what still runs after so many seconds."""
        self._stop_seconds = seconds
        self._stopping.set()

    async def _keep_running(self, child: Child, state: ChildState) -> None:
        backoff = FIRST_BACKOFF_SECONDS
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            code = await self._run_once(child, state)
            if self._stopping.is_set():
                return
            state.failures[code] += 1
            if code in FINAL_CODES:
                self._exit_code = code
                self._stopping.set()
                return
            if loop.time() - began > STEADY_SECONDS:
                backoff = FIRST_BACKOFF_SECONDS
            self._report("restarting", child=child.name, exit_code=code, after_ms=round(1000 * backoff))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(backoff):
                    await self._stopping.wait()
            backoff = min(2 * backoff, LONGEST_BACKOFF_SECONDS)

    async def _run_once(self, child: Child, state: ChildState) -> int:
        with contextlib.ExitStack() as opened:
            try:
                process, requests = await self._start(child, opened)
            except (OSError, RuntimeError) as error:
                # The machine has no process, thread, descriptor or memory left for it; the other children go on.
                self._report("not started", child=child.name, why=error_summary(error))
                return Internal.exit_code
            state.pid, state.started_at = process.pid, now_ms()
            state.has_answered, state.report_problem = False, ""
            state.requests = requests
            try:
                return await self._await_end(process, child)
            finally:
                state.requests = None

    async def _start(
        self, child: Child, opened: contextlib.ExitStack
    ) -> tuple[asyncio.subprocess.Process, ReportRequests]:
        """The process and the requests to it; what is to be closed when it has ended is put into `opened`.

        Raises OSError, and RuntimeError where there is no thread to wait for it.
        """
        own, others = socket.socketpair()
        with others:
            try:
                requests = await open_requests(own)
            except BaseException:
                own.close()
                raise
            opened.callback(requests.close)
            # The child's standard input is a pipe from this process: its end shows the child that the parent is gone.
            # A pipe of asyncio's would stay open where a process was started that it cannot wait for.
            standard_input, held = os.pipe()
            opened.callback(os.close, held)
            try:
                process = await asyncio.create_subprocess_exec(
                    *child.command,
                    env={**child.environment, DESCRIPTOR_VARIABLE: str(others.fileno())},
                    stdin=standard_input,
                    stdout=self._output,
                    stderr=self._output,
                    pass_fds=(*self._keep_open, others.fileno()),
                    start_new_session=True,  # Ctrl-C in a terminal goes to the parent alone, which passes it on
                )
            finally:
                os.close(standard_input)
        return process, requests

    async def _await_end(self, process: asyncio.subprocess.Process, child: Child) -> int:
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
        done, _ = await asyncio.wait({exit_task}, timeout=self._stop_seconds)
        if not done:
            self._report("killed", child=child.name, why=f"it did not stop within {self._stop_seconds:.0f} s")
            with contextlib.suppress(ProcessLookupError):
                process.kill()


def _log_report(event: str, **facts: object) -> None:
    log.warning(event, **facts)


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

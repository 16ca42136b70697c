"""Calls functions in processes that can be ended: what a text of a client makes a parser do for minutes, no thread
can interrupt.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import BinaryIO, TypeVar, cast

from streams.serve.problems import HttpProblem
from streams.serve.questions.child import read_message, write_message

RUNNING = 2
WAITING = 8
MEMORY_BYTES = 1 << 30
GRACE_SECONDS = 5.0
"""After so much more than its time a process ends itself: the server that should end it is gone."""

_T = TypeVar("_T")


class CallProcesses:
    """Processes that call one function at a time each, `running` at most, with `memory_bytes` each.

    They start when they are needed and stay for the next call. Belongs to one event loop.
    """

    def __init__(self, running: int = RUNNING, waiting: int = WAITING, memory_bytes: int = MEMORY_BYTES) -> None:
        self._threads = ThreadPoolExecutor(running, thread_name_prefix="call")
        self._turn = asyncio.Semaphore(running)
        self._most = running + waiting
        self._count = 0
        self._memory_bytes = memory_bytes
        self._idle: list[_CallProcess] = []
        self._busy: set[_CallProcess] = set()
        self._is_closed = False

    async def call(self, function: Callable[..., _T], *arguments: object, seconds: float) -> _T:
        """What a function of a module answers; its arguments and answer can be pickled.

        Raises LeadstreamError as the function does, HttpProblem where too many calls wait or this one takes longer
        or more memory than it may. A cancellation ends the call.
        """
        if self._count >= self._most:
            raise HttpProblem("busy", f"{self._count} texts are being read; ask again", headers={"Retry-After": "5"})
        self._count += 1
        try:
            async with self._turn:
                return await self._run(function, arguments, seconds)
        finally:
            self._count -= 1

    async def _run(self, function: Callable[..., _T], arguments: tuple[object, ...], seconds: float) -> _T:
        process = self._take()
        is_whole = False
        try:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(seconds):
                is_well, answer = await loop.run_in_executor(
                    self._threads, process.call, seconds + GRACE_SECONDS, function, arguments
                )
            is_whole = True
        except TimeoutError as error:
            raise HttpProblem("too-slow", f"no answer within {seconds:g} s; a shorter text takes less") from error
        except (EOFError, OSError) as error:
            self._require_open(error)
            raise HttpProblem("too-large", "it takes too much memory; a shorter text takes less") from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and not task.cancelling():
                self._require_open()  # `close` took the call back before a thread had begun it
            raise
        finally:
            self._give_back(process, is_whole=is_whole)
        if not is_well:
            raise cast(Exception, answer)
        return cast(_T, answer)

    def close(self) -> None:
        """Ends all processes, and with them the calls that run."""
        self._is_closed = True
        for process in (*self._idle, *self._busy):
            process.end()
        self._idle.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _require_open(self, error: Exception | None = None) -> None:
        if self._is_closed:
            raise HttpProblem("unavailable", "the server stops", headers={"Retry-After": "5"}) from error

    def _take(self) -> _CallProcess:
        self._require_open()
        process = self._idle.pop() if self._idle else _CallProcess(self._memory_bytes)
        if not process.is_running:  # somebody killed it while it waited
            process.end()
            process = _CallProcess(self._memory_bytes)
        self._busy.add(process)
        return process

    def _give_back(self, process: _CallProcess, *, is_whole: bool) -> None:
        self._busy.discard(process)
        if is_whole and not self._is_closed:
            self._idle.append(process)
        else:
            process.end()


class _CallProcess:
    """One process."""

    def __init__(self, memory_bytes: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streams.serve.questions.child", str(memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the server, which ends it
        )

    @property
    def is_running(self) -> bool:
        """Whether it lives."""
        return self._process.poll() is None

    def call(
        self, seconds: float, function: Callable[..., object], arguments: tuple[object, ...]
    ) -> tuple[bool, object]:
        """Whether it went well, and the answer or the error. Raises EOFError, OSError when the process ends."""
        write_message(cast(BinaryIO, self._process.stdin), (seconds, function, arguments))
        answer: tuple[bool, object] = read_message(cast(BinaryIO, self._process.stdout))
        return answer

    def end(self) -> None:
        """Ends the process; a call that runs in another thread raises EOFError."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):  # what was not written yet cannot be
                pipe.close()

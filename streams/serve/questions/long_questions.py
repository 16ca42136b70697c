"""Questions that scan topics: few at a time, beside the loop that answers everybody else, and not for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

from streams.serve.problems import HttpProblem

MAX_RUNNING = 2
MAX_WAITING = 8
SECONDS = 60.0

_T = TypeVar("_T")


class LongQuestions:
    """Runs questions in threads with loops of their own, each with a time limit.

    A scan is Python's work, which would hold back every other answer if it ran in the server's loop.
    """

    def __init__(self, running: int = MAX_RUNNING, waiting: int = MAX_WAITING, seconds: float = SECONDS) -> None:
        self._threads = ThreadPoolExecutor(running, thread_name_prefix="question")
        self._most = running + waiting
        self._count = 0
        self._seconds = seconds
        self._stops: set[Callable[[], None]] = set()
        self._is_closed = False

    async def ask(self, question: Callable[[], Awaitable[_T]]) -> _T:
        """The answer. Raises HttpProblem where too many questions wait or this one takes too long."""
        if self._is_closed:
            raise HttpProblem("unavailable", "the server stops", headers={"Retry-After": "5"})
        if self._count >= self._most:
            raise HttpProblem(
                "busy",
                f"{self._count} questions that scan topics are being answered; ask again",
                headers={"Retry-After": "5"},
            )
        self._count += 1
        try:
            return await self._run(question)
        finally:
            self._count -= 1

    async def _run(self, question: Callable[[], Awaitable[_T]]) -> _T:
        run = _Run(question, self._seconds)
        self._stops.add(run.stop)
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._threads, run.execute)
            return cast(_T, answer)
        except TimeoutError as error:
            raise HttpProblem("too-slow", f"no answer within {self._seconds:g} s; it scans whole topics") from error
        except _Stopped as error:
            raise HttpProblem("unavailable", "the server stops", headers={"Retry-After": "5"}) from error
        finally:
            run.stop()  # also where the client is gone: nobody waits for the answer then
            self._stops.discard(run.stop)

    def close(self) -> None:
        """Ends all questions; those that ask get a problem."""
        self._is_closed = True
        for stop in list(self._stops):
            stop()
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Stopped(Exception):
    """The question was ended from outside."""


class _Run:
    """One question in its thread; `stop` may be called from any thread, before and after it runs."""

    def __init__(self, question: Callable[[], Awaitable[object]], seconds: float) -> None:
        self._question = question
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[object] | None = None
        self._is_stopped = False

    def execute(self) -> object:
        return asyncio.run(self._answer())

    async def _answer(self) -> object:
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        if self._is_stopped:
            raise _Stopped
        try:
            async with asyncio.timeout(self._seconds):
                return await self._question()
        except asyncio.CancelledError as error:
            raise _Stopped from error
        finally:
            self._loop = None

    def stop(self) -> None:
        self._is_stopped = True
        loop, task = self._loop, self._task
        if loop is not None and task is not None and not loop.is_closed():
            loop.call_soon_threadsafe(task.cancel)

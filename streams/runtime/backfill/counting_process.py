"""The process that counts pasts for all slots of a worker: started when one is to be counted, ended soon after.

It has the end of its standard input as a sign that the worker is gone, and then ends at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence

import msgspec
import structlog

from streams.errors import PastCounterLost
from streams.runtime.backfill.counting_messages import CountEnd, CountProgress, CountRequest, frame, read_answer
from streams.runtime.backfill.slice_queue import SliceQueue

log = structlog.get_logger()

LINGER_SECONDS = 5.0
"""How long the process waits for another request: slots ask one after the other."""

EXIT_SECONDS = 5.0
"""How long the exit code of a process that closed its output is waited for."""


class CountingProcess:
    """Runs `command` while pasts are to be counted; one caller at a time."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: Process | None = None
        self._end_timer: asyncio.TimerHandle | None = None

    async def count(
        self, request: CountRequest, slices: SliceQueue, on_progress: Callable[[CountProgress], None]
    ) -> CountEnd:
        """Puts the slices of one count into the queue.

        Raises PastCounterLost when the process cannot be started or ends before it is done, NoDiskSpace.
        """
        self._cancel_timer()
        process = await self._start()
        is_complete = False
        try:
            end = await _exchange(process, request, slices, on_progress)
            is_complete = True
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError) as error:
            raise PastCounterLost(await _end_text(process)) from error
        finally:
            if is_complete:
                self._end_timer = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._kill)
            else:
                await self.close()  # what it still sends would be taken for the next answer
        return end

    async def close(self) -> None:
        """Ends the process, if there is one."""
        self._cancel_timer()
        process = self._kill()
        if process is not None:
            await process.wait()

    def _kill(self) -> Process | None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        return process

    def _cancel_timer(self) -> None:
        if self._end_timer is not None:
            self._end_timer.cancel()
            self._end_timer = None

    async def _start(self) -> Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        try:
            process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
        except OSError as error:
            raise PastCounterLost(
                f"the process that counts the past cannot be started ({error.strerror}): see how many processes, and"
                " how much memory, the machine has left"
            ) from error
        self._process = process
        log.info("a process counts the past", process=process.pid)
        return process


async def _exchange(
    process: Process, request: CountRequest, slices: SliceQueue, on_progress: Callable[[CountProgress], None]
) -> CountEnd:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(frame(request))
    await process.stdin.drain()
    while True:
        answer = await read_answer(process.stdout)
        if isinstance(answer, CountEnd):
            return answer
        if isinstance(answer, CountProgress):
            on_progress(answer)
        else:
            slices.put(answer.encoded_slice)


async def _end_text(process: Process) -> str:
    """Why a process closed its output, in a sentence that says what to do."""
    try:
        async with asyncio.timeout(EXIT_SECONDS):
            code = await process.wait()
    except TimeoutError:
        return "the process that counts the past closed its output before it was done"
    if code < 0:
        return (
            f"the process that counts the past was ended by signal {-code} before it was done: when that is not your"
            " doing, see whether the machine is short of memory"
        )
    return f"the process that counts the past ended with code {code} before it was done; its own line says why"

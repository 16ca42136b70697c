"""Calls in processes of their own: answered, refused, bounded in time, memory and number, and ended from outside."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator

import pytest

from streams.errors import UsageError
from streams.search.condition import read_condition
from streams.serve.problems import HttpProblem
from streams.serve.questions.processes import CallProcesses

PATIENCE = 60.0


@pytest.fixture
async def processes() -> AsyncIterator[CallProcesses]:
    found = CallProcesses(running=1, waiting=1, memory_bytes=256 << 20)
    yield found
    found.close()


async def test_a_function_is_called_elsewhere_and_the_process_stays(processes: CallProcesses) -> None:
    document = await processes.call(read_condition, "{property: country, eq: DE}", seconds=PATIENCE)
    assert document.values == {"property": "country", "eq": "DE"}
    first, second = [await processes.call(os.getpid, seconds=PATIENCE) for _ in range(2)]
    assert os.getpid() != first == second


async def test_an_error_of_the_function_is_raised_here(processes: CallProcesses) -> None:
    with pytest.raises(UsageError, match="is not YAML"):
        await processes.call(read_condition, "a: [", seconds=PATIENCE)
    assert await processes.call(abs, -1, seconds=PATIENCE) == 1


async def test_a_call_that_takes_too_long_is_ended(processes: CallProcesses) -> None:
    former = await processes.call(os.getpid, seconds=PATIENCE)
    with pytest.raises(HttpProblem) as caught:
        await processes.call(pow, 3, 10**10, seconds=0.5)
    assert caught.value.kind == "too-slow"
    assert not is_alive(former)
    assert await processes.call(os.getpid, seconds=PATIENCE) != former


async def test_a_call_that_takes_too_much_memory_is_ended(processes: CallProcesses) -> None:
    with pytest.raises(HttpProblem) as caught:
        await processes.call(bytearray, 1 << 30, seconds=PATIENCE)
    assert caught.value.kind == "too-large"
    assert await processes.call(abs, -1, seconds=PATIENCE) == 1


async def test_a_call_that_nobody_waits_for_is_ended(processes: CallProcesses) -> None:
    former = await processes.call(os.getpid, seconds=PATIENCE)
    asking = asyncio.create_task(processes.call(pow, 3, 10**10, seconds=PATIENCE))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()
    assert not is_alive(former)


async def test_few_run_few_wait_and_all_others_are_told(processes: CallProcesses) -> None:
    slow, waiting = [asyncio.create_task(processes.call(time.sleep, 60, seconds=PATIENCE)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(HttpProblem) as caught:
        await processes.call(abs, -1, seconds=PATIENCE)
    assert caught.value.kind == "busy"
    slow.cancel()
    waiting.cancel()
    await asyncio.wait([slow, waiting])
    assert await processes.call(abs, -1, seconds=PATIENCE) == 1


async def test_calls_that_are_over_make_room_for_others(processes: CallProcesses) -> None:
    outcomes = [
        (await asyncio.gather(processes.call(abs, -1, seconds=PATIENCE), return_exceptions=True))[0] for _ in range(4)
    ]
    assert outcomes == [1] * 4


async def test_the_end_of_the_server_ends_them(processes: CallProcesses) -> None:
    former = await processes.call(os.getpid, seconds=PATIENCE)
    asking = asyncio.create_task(processes.call(time.sleep, 60, seconds=PATIENCE))
    await asyncio.sleep(0)
    processes.close()
    with pytest.raises(HttpProblem) as caught:
        await asking
    assert caught.value.kind == "unavailable"
    assert not is_alive(former)
    with pytest.raises(HttpProblem, match="the server stops"):
        await processes.call(abs, -1, seconds=PATIENCE)


async def test_the_end_of_the_server_ends_a_call_that_no_thread_has_begun(processes: CallProcesses) -> None:
    may_go_on = threading.Event()
    for _ in range(processes._threads._max_workers):
        processes._threads.submit(may_go_on.wait)
    asking = asyncio.create_task(processes.call(abs, -1, seconds=PATIENCE))
    await asyncio.sleep(0)
    assert processes._busy
    processes.close()
    may_go_on.set()
    with pytest.raises(HttpProblem) as caught:
        await asking
    assert caught.value.kind == "unavailable"


def is_alive(process: int) -> bool:
    """Whether a process of this number lives."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True

"""Work that comes to its end although whoever waits for it is cancelled."""

from __future__ import annotations

import asyncio

import pytest

from streams.runtime.completion import run_to_end


class Work:
    """Work that ends when it is told to, with an error if there is one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.has_begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.has_ended = False
        self._error = error

    async def run(self) -> str:
        """Waits for `may_end`."""
        self.has_begun.set()
        await self.may_end.wait()
        self.has_ended = True
        if self._error is not None:
            raise self._error
        return "result"


async def test_the_result_of_the_work_is_returned() -> None:
    work = Work()
    work.may_end.set()
    assert await run_to_end(work.run()) == "result"


async def test_an_error_of_the_work_is_raised() -> None:
    work = Work(ValueError("failed"))
    work.may_end.set()
    with pytest.raises(ValueError, match="failed"):
        await run_to_end(work.run())


@pytest.mark.parametrize("error", [None, ValueError("failed")])
async def test_a_cancellation_is_raised_after_the_end_of_the_work_however_often_it_comes(
    error: Exception | None,
) -> None:
    work = Work(error)
    waiter = asyncio.create_task(run_to_end(work.run()))
    await work.has_begun.wait()
    for _ in range(3):
        waiter.cancel()
        await asyncio.sleep(0)
    assert not waiter.done()
    work.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert work.has_ended

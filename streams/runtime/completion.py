"""The completion of work that must come to its end although whoever waits for it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Result = TypeVar("Result")


async def run_to_end(work: Awaitable[Result]) -> Result:
    """Returns the result of the work. A cancellation, however often it comes, is raised only after the work's end.

    Raises what the work raises; after a cancellation that is lost.
    """
    task = asyncio.ensure_future(work)
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # asyncio logs an error that nobody has looked at
    raise cancellation

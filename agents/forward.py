"""Forwards the runs of a Faust stream to the slots."""

from __future__ import annotations

import asyncio

from streams.runtime.fatal import die
from streams.runtime.faust.protocols import RunStream
from streams.runtime.spec import RunReceiver


async def forward_to_slots(stream: RunStream, receiver: RunReceiver) -> None:
    """Passes every run of the stream on; an error ends the process.

    Faust would restart the agent instead, and the run it was working on would be skipped.
    """
    try:
        async for run in stream:
            receiver.forward(run)
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001  # see above
        die("an agent failed", error)

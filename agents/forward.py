"""Forwards the runs of a Faust stream to the slots."""

from __future__ import annotations

import asyncio

from streams.runtime.fatal import die
from streams.runtime.faust.protocols import RunStream
from streams.runtime.spec import RunReceiver


async def forward_to_slots(stream: RunStream, receiver: RunReceiver) -> None:
    """Passes all runs of the stream on; an error ends the process.

    Faust would restart the agent instead, and the runs it was working on would be skipped.
    """
    try:
        async for group in stream:
            receiver.forward(group)
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001  # see above
        die("an agent failed", error)

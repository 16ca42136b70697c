"""From a Faust stream to the slots."""

from __future__ import annotations

import asyncio
from typing import Any

from streams.runtime.fatal import end
from streams.runtime.slots.slot_manager import Shell


async def hand_over(stream: Any, shell: Shell) -> None:
    """Hands every run of the stream to its slot; an error ends the process.

    Faust would restart the agent instead, and the run it held would be skipped.
    """
    try:
        async for run in stream:
            shell.hand_over(run)
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001  # see above
        end("an agent failed", error)

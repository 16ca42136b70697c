"""From a Faust stream to the slots."""

from __future__ import annotations

import asyncio
from typing import Any

from streams.runtime.fatal import die
from streams.runtime.slots.slot_manager import SlotManager


async def forward_to_slots(stream: Any, slot_manager: SlotManager) -> None:
    """Hands every run of the stream to its slot; an error ends the process.

    Faust would restart the agent instead, and the run it held would be skipped.
    """
    try:
        async for run in stream:
            slot_manager.forward(run)
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001  # see above
        die("an agent failed", error)

"""The agent of the journal: hands what was fetched to the slots, which decide it."""

from __future__ import annotations

from typing import Any

from agents.forward import forward_to_slots
from streams.runtime.slots.slot_manager import SlotManager


def register(app: Any, slot_manager: SlotManager, journal: Any) -> None:
    """Lays the agent onto the app; `journal` is the Faust topic of the journal."""

    @app.agent(journal, name="decide", concurrency=1)  # type: ignore[untyped-decorator]  # Faust publishes no types
    async def decide(stream: Any) -> None:
        await forward_to_slots(stream, slot_manager)

"""The agent of the in-topics: hands what was fetched to the slots, which validate and journal it."""

from __future__ import annotations

from typing import Any

from agents.forward import forward_to_slots
from streams.runtime.slots.slot_manager import SlotManager


def register(app: Any, slot_manager: SlotManager, sources: Any) -> None:
    """Lays the agent onto the app; `sources` is the Faust topic of all in-topics."""

    @app.agent(sources, name="ingest", concurrency=1)  # type: ignore[untyped-decorator]  # Faust publishes no types
    async def ingest(stream: Any) -> None:
        await forward_to_slots(stream, slot_manager)

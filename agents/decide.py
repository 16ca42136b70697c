"""The agent of the journal: hands what was fetched to the slots, which decide it."""

from __future__ import annotations

from typing import Any

from agents.forward import hand_over
from streams.runtime.slots.slot_manager import Shell


def register(app: Any, shell: Shell, journal: Any) -> None:
    """Lays the agent onto the app; `journal` is the Faust topic of the journal."""

    @app.agent(journal, name="decide", concurrency=1)  # type: ignore[untyped-decorator]  # Faust publishes no types
    async def decide(stream: Any) -> None:
        await hand_over(stream, shell)

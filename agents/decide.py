"""The agent of the journal: forwards fetched runs to the slots, which decide them."""

from __future__ import annotations

from agents.forward import forward_to_slots
from streams.runtime.faust.protocols import FaustApp, FaustTopic, RunStream
from streams.runtime.spec import RunReceiver


def register(app: FaustApp, receiver: RunReceiver, journal: FaustTopic) -> None:
    """Registers the agent with the app."""

    @app.agent(journal, name="decide", concurrency=1)
    async def decide(stream: RunStream) -> None:
        await forward_to_slots(stream, receiver)

"""The agent of the in-topics: forwards fetched runs to the slots, which validate and journal them."""

from __future__ import annotations

from agents.forward import forward_to_slots
from streams.runtime.faust.protocols import FaustApp, FaustTopic, RunStream
from streams.runtime.spec import RunReceiver


def register(app: FaustApp, receiver: RunReceiver, sources: FaustTopic) -> None:
    """Registers the agent with the app; `sources` is the Faust topic of all in-topics."""

    @app.agent(sources, name="ingest", concurrency=1)
    async def ingest(stream: RunStream) -> None:
        await forward_to_slots(stream, receiver)

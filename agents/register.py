"""Registers the agents of an app."""

from __future__ import annotations

from agents import decide, ingest
from streams.runtime.faust.protocols import FaustApp, FaustTopic
from streams.runtime.spec import RunReceiver


def register_agents(app: FaustApp, receiver: RunReceiver, sources: FaustTopic, journal: FaustTopic) -> None:
    """Registers one agent for all in-topics and one for the journal; both only forward runs to the slots."""
    ingest.register(app, receiver, sources)
    decide.register(app, receiver, journal)

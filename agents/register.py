"""Lays the agents of a kind of slots onto its app."""

from __future__ import annotations

from typing import Any

from agents import decide, ingest
from streams.runtime.slots.slot_manager import Shell


def lay_agents(app: Any, shell: Shell, sources: Any, journal: Any) -> None:
    """One agent for all in-topics and one for the journal; both only hand over to the slots."""
    ingest.register(app, shell, sources)
    decide.register(app, shell, journal)

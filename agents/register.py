"""Lays the agents of a kind of slots onto its app."""

from __future__ import annotations

from typing import Any

from agents import decide, ingest
from streams.runtime.slots.slot_manager import SlotManager


def register_agents(app: Any, slot_manager: SlotManager, sources: Any, journal: Any) -> None:
    """One agent for all in-topics and one for the journal; both only hand over to the slots."""
    ingest.register(app, slot_manager, sources)
    decide.register(app, slot_manager, journal)

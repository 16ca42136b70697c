"""The naive evaluator of conditions is the product's batch evaluator, which shares no code with the engine."""

from __future__ import annotations

from streams.batch.conditions import holds
from streams.batch.dates import instant_at, instant_of, length, local, span
from streams.batch.world import Event, Lead, World

__all__ = ["Event", "Lead", "World", "holds", "instant_at", "instant_of", "length", "local", "span"]

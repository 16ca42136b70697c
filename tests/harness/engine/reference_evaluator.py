"""The naive evaluator of conditions is the product's batch evaluator, which shares no code with the engine."""

from __future__ import annotations

from streams.verify.recompute.conditions.dates import instant_at, instant_of, length, local, span
from streams.verify.recompute.conditions.evaluate import holds
from streams.verify.recompute.model import Event, Lead, World

__all__ = ["Event", "Lead", "World", "holds", "instant_at", "instant_of", "length", "local", "span"]

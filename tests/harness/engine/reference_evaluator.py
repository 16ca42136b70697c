"""The naive evaluator of conditions is the product's batch evaluator, which shares no code with the engine."""

from __future__ import annotations

from streams.verify.recompute.conditions.dates import date_span, instant_from_local, parse_instant, to_local, to_ms
from streams.verify.recompute.conditions.evaluate import holds
from streams.verify.recompute.model import ContactModel, HistoryActivity, ModelLead

__all__ = [
    "ContactModel",
    "HistoryActivity",
    "ModelLead",
    "date_span",
    "holds",
    "instant_from_local",
    "parse_instant",
    "to_local",
    "to_ms",
]

"""What a demo run came to, for machines. Pure."""

from __future__ import annotations

from typing import Any

from schemas.definitions import Definitions
from schemas.values import instant_text
from streams.demo.state import Revenue, State, Sum

STATUSES = ("active", "qualified", "rejected", "duplicate", "deleted")


def summary(state: State, definitions: Definitions) -> dict[str, Any]:
    """A JSON object; `violations` counts output ids seen twice."""
    return {
        "events_published": state.published,
        "simulated_from": instant_text(state.begin),
        "simulated_until": instant_text(state.begin if state.simulated is None else state.simulated),
        "first_change_seconds": state.first_change_seconds,
        "changes": state.changes,
        "violations": state.duplicates,
        "dead_letters": state.dead_letters,
        "segments": {segment.id: _segment(state, segment.id) for segment in definitions.segments},
        "campaigns": {campaign.id: _campaign(state, campaign.id) for campaign in definitions.campaigns},
    }


def _segment(state: State, segment: str) -> dict[str, int]:
    return {
        "members": len(state.members.get(segment, ())),
        "entered": state.entered[segment],
        "exited": state.exited[segment],
    }


def _campaign(state: State, campaign: str) -> dict[str, Any]:
    funnel = state.funnel(campaign)
    return {
        "leads": {status: funnel[status] for status in STATUSES},
        "handed_over": state.handed_over[campaign],
        "in_crm": state.linked[campaign],
        "revenue": {
            currency: _revenue(revenue) for (name, currency), revenue in state.revenue.items() if name == campaign
        },
    }


def _revenue(revenue: Revenue) -> dict[str, dict[str, Any]]:
    parts: dict[str, Sum] = {"won": revenue.won, "lost": revenue.lost, "open": revenue.open}
    return {kind: {"count": part.count, "amount": str(part.amount)} for kind, part in parts.items()}

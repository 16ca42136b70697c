"""The result of a demo run as JSON for machines. Pure."""

from __future__ import annotations

from typing import Any

from schemas.definitions import Definitions
from schemas.values import instant_text
from streams.demo.state import DemoState, OpportunityTotal, Revenue

STATUSES = ("active", "qualified", "rejected", "duplicate", "deleted")


def summary(state: DemoState, definitions: Definitions) -> dict[str, Any]:
    """Returns a JSON object; `violations` counts outputs with a repeated id."""
    return {
        "events_published": state.published_count,
        "simulated_from": instant_text(state.begin),
        "simulated_until": instant_text(state.begin if state.simulated_instant is None else state.simulated_instant),
        "first_change_seconds": state.first_change_seconds,
        "changes": state.change_count,
        "violations": state.duplicate_count,
        "dead_letters": state.dead_letter_count,
        "dead_letter_codes": dict(sorted(state.dead_letter_codes.items())),
        "typed_by_sales": {event: state.typed_fields[event] for event in ("typed", "kept", "overwritten")},
        "segments": {segment.id: _segment_to_dict(state, segment.id) for segment in definitions.segments},
        "campaigns": {campaign.id: _campaign_to_dict(state, campaign.id) for campaign in definitions.campaigns},
    }


def _segment_to_dict(state: DemoState, segment: str) -> dict[str, int]:
    return {
        "members": len(state.members.get(segment, ())),
        "entered": state.entered_counts[segment],
        "exited": state.exited_counts[segment],
    }


def _campaign_to_dict(state: DemoState, campaign: str) -> dict[str, Any]:
    funnel = state.funnel(campaign)
    return {
        "leads": {status: funnel[status] for status in STATUSES},
        "handed_over": state.hand_over_counts[campaign],
        "in_crm": state.crm_link_counts[campaign],
        "revenue": {
            currency: _revenue_to_dict(revenue)
            for (name, currency), revenue in state.revenue.items()
            if name == campaign
        },
    }


def _revenue_to_dict(revenue: Revenue) -> dict[str, dict[str, Any]]:
    totals: dict[str, OpportunityTotal] = {"won": revenue.won, "lost": revenue.lost, "open": revenue.open}
    return {outcome: {"count": total.count, "amount": str(total.amount)} for outcome, total in totals.items()}

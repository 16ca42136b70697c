"""Applies a change of a contact's status to its leads (SPEC section 7)."""

from __future__ import annotations

from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.leads import apply_lead_event

_EVENT_BY_STATUS = {"inactive": "unfit", "bounced": "unfit", "deleted": "gone"}


def cascade_status(context: DecisionContext) -> None:
    """Ends the leads of a contact that became inactive, bounced or deleted; a contact active again revives none."""
    status = context.contact.status
    event = _EVENT_BY_STATUS.get(status)
    if event is None:
        return
    for campaign in list(context.contact.leads):
        apply_lead_event(context, campaign, event, context.cause("cascade"))

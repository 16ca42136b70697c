"""What a contact's status does to its leads (SPEC section 7)."""

from __future__ import annotations

from streams.engine.decisions.context import Turn
from streams.engine.decisions.leads import decide_lead

_EVENT = {"inactive": "unfit", "bounced": "unfit", "deleted": "gone"}


def cascade(turn: Turn, before: str) -> None:
    """Leads of a contact that became inactive, bounced or deleted; becoming active again revives nobody."""
    status = turn.contact.status
    event = _EVENT.get(status)
    if event is None or status == before:
        return
    for campaign in list(turn.contact.leads):
        decide_lead(turn, campaign, event, turn.cause("cascade"))

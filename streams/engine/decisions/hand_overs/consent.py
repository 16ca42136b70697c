"""Whether the account's `do_not_sync` holds of a contact: before a record, after it, and when time may change that.

The truth before a record is not stored: it follows from the contact as the last record or instant left it.
"""

from __future__ import annotations

from streams.engine.conditions.protocols import CompiledCondition, EvaluationContext
from streams.engine.decisions.lead_table import OPEN_STATUSES
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.state.contact import Contact, Lead
from streams.engine.state.points import points_at

HANDED_OVER = "handed_over"
KEPT_BACK = "kept_back"
"""The keys in `Lead.crm` of the instants of the last hand-over, and of the last one that was kept back after it.

They are there only where the mapping tells of leads after their hand-over.
"""

_DO_NOT_SYNC = "do_not_sync"
"""The code that the connector answers a hand-over with that was kept back."""


def was_handed_over(lead: Lead, status_before: str | None) -> bool:
    """Whether the lead was handed over before the record, in this life or a former one, and not kept back.

    A lead that became qualified before the mapping told of leads is one without an instant of its hand-over.
    """
    crm = lead.crm
    if HANDED_OVER in crm or "record" in crm:
        return True
    return status_before == "qualified" and KEPT_BACK not in crm and crm.get("code") != _DO_NOT_SYNC


def is_forbidden(release: CompiledRelease, context: EvaluationContext) -> bool:
    """Whether the contact, once it is settled, is not to be handed over."""
    condition = release.mapping.do_not_sync
    return condition is not None and condition.node.holds(context)


def was_forbidden(contact: Contact, release: CompiledRelease, now: int) -> bool | None:
    """Whether the condition held before what happens at `now` (ms); None where nobody has to know.

    To be asked before anything of the contact changes, its points included. It is of no use where the contact has no
    lead that was handed over, nor where the values that the record changed say all.
    """
    condition = release.mapping.do_not_sync
    if condition is None or not release.mapping.is_consent_compared or not _has_handed_over(contact):
        return None
    # What time changes at `now` is a change of this instant. Before its due instant time has changed nothing.
    instant = now - 1 if contact.due == now else now
    if not condition.campaigns:
        return condition.node.holds(EvaluationContext(contact, instant))
    return _holds_with_decay(condition, contact, release, instant)


def consent_due(release: CompiledRelease, context: EvaluationContext) -> int | None:
    """When time alone may change the condition of a contact with a lead that was handed over; None: never.

    Segments in it, and points that decay, have instants of their own.
    """
    condition = release.mapping.do_not_sync
    if condition is None or not _has_handed_over(context.contact):
        return None
    return condition.node.due(context)


def _has_handed_over(contact: Contact) -> bool:
    return any(was_handed_over(lead, lead.status) for lead in contact.leads.values())


def _holds_with_decay(condition: CompiledCondition, contact: Contact, release: CompiledRelease, instant: int) -> bool:
    """Whether a condition on leads holds, with their points as decayed to an instant."""
    former_points: list[tuple[Lead, int]] = []
    for campaign in release.campaign_index.with_leads(contact.leads):
        lead, half_life = contact.leads[campaign.id], campaign.definition.half_life
        if half_life is not None and lead.status in OPEN_STATUSES:
            former_points.append((lead, lead.points))
            lead.points = points_at(lead.points, lead.decayed, instant, half_life)
    try:
        return condition.node.holds(EvaluationContext(contact, instant))
    finally:
        for lead, points in former_points:
            lead.points = points

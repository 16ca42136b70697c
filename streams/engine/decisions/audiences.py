"""Who becomes a lead by audience or campaign token, and who leaves (SPEC section 7)."""

from __future__ import annotations

from streams.engine.decisions.context import Turn
from streams.engine.decisions.lead_table import NEW, outcome
from streams.engine.decisions.leads import decide_lead, make
from streams.engine.releases.compiled import CompiledCampaign
from streams.engine.state.contact import Contact


def take_in(turn: Turn) -> bool:
    """Makes and ends leads of the campaigns that run; whether anything changed."""
    changed = False
    for campaign in turn.release.campaigns:
        if not campaign.running(turn.now):
            continue
        inside = in_audience(turn.contact, campaign)
        if turn.token == campaign.id:
            changed |= _make_if_new(turn, campaign, "token", turn.root.kind)
        if inside:
            changed |= _make_if_new(turn, campaign, "audience", "audience")
        changed |= _leave(turn, campaign, inside)
    return changed


def in_audience(contact: Contact, campaign: CompiledCampaign) -> bool:
    """Whether the contact is a member of one of the campaign's audience segments."""
    return any(segment in contact.members for segment in campaign.definition.audience)


def _make_if_new(turn: Turn, campaign: CompiledCampaign, event: str, kind: str) -> bool:
    contact = turn.contact
    if contact.status != "active" or outcome(event, contact.leads.get(campaign.id)) != NEW:
        return False
    return make(turn, campaign.id, turn.cause(kind)) is True


def _leave(turn: Turn, campaign: CompiledCampaign, inside: bool) -> bool:
    lead = turn.contact.leads.get(campaign.id)
    if lead is None or inside == lead.audience:
        return False
    if not inside and not _may_judge(turn, campaign):
        return False
    lead.audience = inside
    if inside or campaign.definition.leave != "delete" or campaign.id in turn.left:
        return False
    turn.left.add(campaign.id)
    return decide_lead(turn, campaign.id, "left", turn.cause("audience")) is True


def _may_judge(turn: Turn, campaign: CompiledCampaign) -> bool:
    """An exit caused by the contact's status is no leaving: it is judged when the status allows it again."""
    segments = (turn.release.segment.get(name) for name in campaign.definition.audience)
    return all(turn.contact.status in segment.statuses for segment in segments if segment is not None)

"""Who becomes a lead by audience or by a campaign's token, and who leaves (SPEC section 7)."""

from __future__ import annotations

from streams.verify.recompute.leads.lead_instant import LeadInstant
from streams.verify.recompute.leads.lead_rules import LeadCampaign


def create_leads(lead_instant: LeadInstant) -> bool:
    """Makes and ends leads of the campaigns that run; whether anything changed."""
    changed = False
    for campaign in lead_instant.rules.campaigns:
        if campaign.is_running(lead_instant.now):
            inside = not lead_instant.contact.model.members.isdisjoint(campaign.definition.audience)
            changed |= _create_by_token(lead_instant, campaign)
            changed |= inside and _create_by_audience(lead_instant, campaign)
            changed |= _end_on_exit(lead_instant, campaign, inside)
    return changed


def _create_by_token(lead_instant: LeadInstant, campaign: LeadCampaign) -> bool:
    if lead_instant.token != campaign.id or campaign.id in lead_instant.leads:
        return False
    return lead_instant.create_lead(campaign.id) is None


def _create_by_audience(lead_instant: LeadInstant, campaign: LeadCampaign) -> bool:
    """A deleted lead comes back by its audience only if it is deleted for having left it."""
    life = lead_instant.leads.get(campaign.id)
    if life is not None and life.ended_by != "leave":
        return False
    return lead_instant.create_lead(campaign.id) is None


def _end_on_exit(lead_instant: LeadInstant, campaign: LeadCampaign, in_audience: bool) -> bool:
    """Who was in the audience and is in none of its segments leaves; an exit by the contact's status is none."""
    life = lead_instant.leads.get(campaign.id)
    if life is None or life.in_audience == in_audience or not (in_audience or _status_allows(lead_instant, campaign)):
        return False
    life.in_audience = in_audience
    if in_audience or campaign.definition.leave != "delete" or campaign.id in lead_instant.audience_exits:
        return False
    lead_instant.audience_exits.add(campaign.id)
    return life.is_open and lead_instant.set_status(campaign.id, "deleted", "leave")


def _status_allows(lead_instant: LeadInstant, campaign: LeadCampaign) -> bool:
    release, status = lead_instant.contact.release, lead_instant.contact.model.status
    assert release is not None, "a campaign is part of a release"
    segments = (release.segment(name) for name in campaign.definition.audience)
    return all(status in segment.statuses for segment in segments if segment is not None)

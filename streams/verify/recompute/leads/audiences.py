"""Leads created by audience or campaign token, and ended on exit from the audience (SPEC section 7)."""

from __future__ import annotations

from streams.verify.recompute.leads.lead_instant import LeadInstant
from streams.verify.recompute.leads.lead_rules import LeadCampaign


def create_leads(lead_instant: LeadInstant) -> bool:
    """Creates and ends leads of running campaigns; returns whether anything changed."""
    changed = False
    for campaign in lead_instant.rules.campaigns:
        if campaign.is_running(lead_instant.now):
            is_inside = not lead_instant.contact.model.members.isdisjoint(campaign.definition.audience)
            changed |= _create_by_token(lead_instant, campaign)
            changed |= is_inside and _create_by_audience(lead_instant, campaign)
            changed |= _end_on_exit(lead_instant, campaign, is_inside)
    return changed


def _create_by_token(lead_instant: LeadInstant, campaign: LeadCampaign) -> bool:
    if lead_instant.token != campaign.id or campaign.id in lead_instant.leads:
        return False
    if lead_instant.create_lead(campaign.id) is not None:
        return False
    lead_instant.token_lead = campaign.id
    return True


def _create_by_audience(lead_instant: LeadInstant, campaign: LeadCampaign) -> bool:
    """A deleted lead comes back by its audience only if it was deleted for leaving it."""
    lead = lead_instant.leads.get(campaign.id)
    if lead is not None and lead.ended_by != "leave":
        return False
    return lead_instant.create_lead(campaign.id) is None


def _end_on_exit(lead_instant: LeadInstant, campaign: LeadCampaign, in_audience: bool) -> bool:
    """A contact leaves when it is in none of the audience's segments; an exit by its status is no leaving."""
    lead = lead_instant.leads.get(campaign.id)
    if lead is None or lead.in_audience == in_audience or not (in_audience or _status_allows(lead_instant, campaign)):
        return False
    lead.in_audience = in_audience
    if in_audience or campaign.definition.leave != "delete" or campaign.id in lead_instant.audience_exits:
        return False
    lead_instant.audience_exits.add(campaign.id)
    return lead.is_open and lead_instant.set_status(campaign.id, "deleted", "leave")


def _status_allows(lead_instant: LeadInstant, campaign: LeadCampaign) -> bool:
    release, status = lead_instant.contact.release, lead_instant.contact.model.status
    assert release is not None, "a campaign is part of a release"
    segments = (release.segment(name) for name in campaign.definition.audience)
    return all(status in segment.statuses for segment in segments if segment is not None)

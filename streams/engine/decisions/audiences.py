"""Who becomes a lead by audience or campaign token, and who leaves (SPEC section 7)."""

from __future__ import annotations

from collections.abc import Sequence

from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.lead_table import NEW, next_status
from streams.engine.decisions.leads import apply_lead_event, create_lead
from streams.engine.releases.compiled_campaigns import CompiledCampaign
from streams.engine.state.contact import Contact


def create_leads(context: DecisionContext) -> bool:
    """Creates and ends leads of the running campaigns. Returns whether anything changed."""
    changed = False
    for campaign in _concerned_campaigns(context):
        if not campaign.is_running(context.now):
            continue
        is_inside = in_audience(context.contact, campaign)
        if context.campaign_token == campaign.id:
            changed |= _create_lead_if_new(context, campaign, "token", context.root_cause.kind)
        if is_inside:
            changed |= _create_lead_if_new(context, campaign, "audience", "audience")
        changed |= _update_audience_state(context, campaign, is_inside)
    return changed


def _concerned_campaigns(context: DecisionContext) -> Sequence[CompiledCampaign]:
    """Returns the campaigns whose audience or leads the record may have changed."""
    release = context.release
    if context.concerns_all_campaigns:
        return release.campaigns
    return release.campaign_index.concerned(context.contact.leads, context.members_before, context.campaign_token)


def in_audience(contact: Contact, campaign: CompiledCampaign) -> bool:
    """Returns whether the contact is a member of one of the campaign's audience segments."""
    return any(segment in contact.members for segment in campaign.definition.audience)


def _create_lead_if_new(context: DecisionContext, campaign: CompiledCampaign, event: str, kind: str) -> bool:
    contact = context.contact
    if contact.status != "active" or next_status(event, contact.leads.get(campaign.id)) != NEW:
        return False
    return create_lead(context, campaign.id, context.cause(kind)) is True


def _update_audience_state(context: DecisionContext, campaign: CompiledCampaign, is_inside: bool) -> bool:
    lead = context.contact.leads.get(campaign.id)
    if lead is None or is_inside == lead.audience:
        return False
    if not is_inside and not _can_judge_exit(context, campaign):
        return False
    lead.audience = is_inside
    if is_inside or campaign.definition.leave != "delete":
        return False
    lead_context = context.lead_context(campaign.id)
    if lead_context.has_left_audience:
        return False
    lead_context.has_left_audience = True
    return apply_lead_event(context, campaign.id, "left", context.cause("audience")) is True


def _can_judge_exit(context: DecisionContext, campaign: CompiledCampaign) -> bool:
    """An exit that the contact's status causes does not count: it is judged when the status allows membership."""
    segments = (context.release.segments_by_id.get(name) for name in campaign.definition.audience)
    return all(context.contact.status in segment.statuses for segment in segments if segment is not None)

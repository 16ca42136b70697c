"""Rules that fire when their condition becomes true for a lead that takes automation (SPEC section 7)."""

from __future__ import annotations

from streams.verify.recompute.leads.lead_instant import LeadInstant
from streams.verify.recompute.leads.lead_rules import LeadAutomationRule, LeadCampaign
from streams.verify.recompute.leads.lead_state import LeadState


def run_automation(lead_instant: LeadInstant) -> bool:
    """Fires rules whose condition becomes true, by campaign and rule order; returns whether anything changed."""
    changed = False
    for campaign in lead_instant.rules.campaigns:
        lead = lead_instant.open_lead(campaign.id)
        if lead is not None and campaign.is_running(lead_instant.now):
            changed |= _run_campaign(lead_instant, campaign, lead)
        elif lead is not None:
            _set_baselines(lead_instant, campaign, lead)
    return changed


def _run_campaign(lead_instant: LeadInstant, campaign: LeadCampaign, lead: LeadState) -> bool:
    changed = False
    for rule in campaign.automation:
        if lead_instant.becomes_true(campaign, lead, rule.key, rule.when):
            lead_instant.fired_rules.add((campaign.id, rule.key))
            changed |= _apply_actions(lead_instant, campaign, rule, lead)
        if not lead.is_open:
            break  # the first rule that takes the lead out ends its processing
    return changed


def _set_baselines(lead_instant: LeadInstant, campaign: LeadCampaign, lead: LeadState) -> None:
    """While a campaign does not run, truths do not change, except those that still need a baseline."""
    for rule in campaign.automation:
        if (campaign.id, rule.key) in lead_instant.rules_without_baseline:
            lead_instant.becomes_true(campaign, lead, rule.key, rule.when)


def _apply_actions(
    lead_instant: LeadInstant, campaign: LeadCampaign, rule: LeadAutomationRule, lead: LeadState
) -> bool:
    then = rule.then
    changed = False
    if then.set_status is not None:
        changed |= lead_instant.set_status(campaign.id, then.set_status, "person")
    if rule.points and lead.is_open:
        changed |= lead_instant.add_points(campaign.id, rule.points, lead_instant.now)
    if then.add_to_segment is not None:
        changed |= _update_static_segment(lead_instant, then.add_to_segment, add=True)
    if then.remove_from_segment is not None:
        changed |= _update_static_segment(lead_instant, then.remove_from_segment, add=False)
    if then.add_to_campaign is not None and then.add_to_campaign not in lead_instant.leads:
        changed |= lead_instant.create_lead(then.add_to_campaign) is None
    if then.remove_from_campaign in lead_instant.leads:
        changed |= lead_instant.set_status(then.remove_from_campaign, "deleted", "person")
    return changed


def _update_static_segment(lead_instant: LeadInstant, segment: str, *, add: bool) -> bool:
    listed = lead_instant.contact.fixed_memberships.listed
    if (segment in listed) == add:
        return False
    listed.add(segment) if add else listed.discard(segment)
    return True

"""Rules that fire when their condition becomes true for a lead that takes automation (SPEC section 7)."""

from __future__ import annotations

from streams.verify.recompute.leads.lead_instant import LeadInstant
from streams.verify.recompute.leads.lead_rules import LeadAutomationRule, LeadCampaign
from streams.verify.recompute.leads.lead_state import LeadState

_POINTS_FIRST_SINCE = 4
"""The engine version from which on a rule's points come before its status."""


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
    """Does all that the rule says: points, static segments, campaigns, status, notice.

    Before engine version 4 the status came first, and a lead that it took out lost the points.
    """
    is_status_first = lead_instant.rules.engine_version < _POINTS_FIRST_SINCE
    changed = is_status_first and _set_status(lead_instant, campaign, rule)
    if lead.is_open:
        changed |= _change_points(lead_instant, campaign, rule)
    changed |= _update_lists(lead_instant, rule)
    changed |= _update_campaigns(lead_instant, rule)
    if not is_status_first:
        changed |= _set_status(lead_instant, campaign, rule)
    if rule.then.notify is not None:
        lead_instant.notify(campaign.id, rule.id, rule.then.notify)
    return changed


def _set_status(lead_instant: LeadInstant, campaign: LeadCampaign, rule: LeadAutomationRule) -> bool:
    status = rule.then.set_status
    return status is not None and lead_instant.set_status(campaign.id, status, "person")


def _change_points(lead_instant: LeadInstant, campaign: LeadCampaign, rule: LeadAutomationRule) -> bool:
    if rule.set_points is not None:
        return lead_instant.set_points(campaign.id, rule.set_points)
    return bool(rule.added_points) and lead_instant.add_points(campaign.id, rule.added_points, lead_instant.now)


def _update_lists(lead_instant: LeadInstant, rule: LeadAutomationRule) -> bool:
    then, changed = rule.then, False
    if then.add_to_segment is not None:
        changed |= _update_static_segment(lead_instant, then.add_to_segment, add=True)
    if then.remove_from_segment is not None:
        changed |= _update_static_segment(lead_instant, then.remove_from_segment, add=False)
    return changed


def _update_campaigns(lead_instant: LeadInstant, rule: LeadAutomationRule) -> bool:
    then, changed = rule.then, False
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

"""Points for each matching event, and when a condition becomes true (SPEC section 3)."""

from __future__ import annotations

from streams.verify.recompute.conditions.activities import matches_leaf
from streams.verify.recompute.leads.lead_instant import LeadInstant
from streams.verify.recompute.leads.lead_rules import LeadCampaign, LeadScoringRule
from streams.verify.recompute.leads.lead_state import LeadState
from streams.verify.recompute.model import HistoryActivity

_SCORES_FROM_CREATION_SINCE = 4
"""The engine version from which on events before a lead's creation give it no points."""


def award_points(lead_instant: LeadInstant) -> bool:
    """Awards the points of campaigns that are in their period; returns whether any points changed."""
    changed = False
    for campaign in lead_instant.rules.campaigns:
        lead = lead_instant.open_lead(campaign.id)
        if lead is None:
            continue
        for rule in campaign.scoring:
            if not campaign.in_period(lead_instant.now):
                _set_baseline(lead_instant, campaign, rule, lead)
            elif _should_award(lead_instant, campaign, rule, lead) and _is_below_cap(rule, lead, lead_instant.now):
                changed |= _award(lead_instant, campaign, rule, lead)
    return changed


def _set_baseline(lead_instant: LeadInstant, campaign: LeadCampaign, rule: LeadScoringRule, lead: LeadState) -> None:
    """Outside the period truths do not change, except those that still need a baseline."""
    if (campaign.id, rule.key) in lead_instant.rules_without_baseline and not rule.is_filter_only:
        lead_instant.becomes_true(campaign, lead, rule.key, rule.when)


def _should_award(lead_instant: LeadInstant, campaign: LeadCampaign, rule: LeadScoringRule, lead: LeadState) -> bool:
    if not rule.is_filter_only:
        return lead_instant.becomes_true(campaign, lead, rule.key, rule.when)
    event = lead_instant.activity
    if event is None or (campaign.id, rule.key) in lead_instant.fired_rules:
        return False
    # A late event counts at its own instant: outside the period it gives nothing.
    if not campaign.in_period(event.at) or not _is_for_lead(lead_instant, campaign, lead, event):
        return False
    return matches_leaf(event, rule.when, lead_instant.contact.model)


def _is_for_lead(
    lead_instant: LeadInstant, campaign: LeadCampaign, lead: LeadState, event: HistoryActivity
) -> bool:
    """Whether an event gives the lead points: it happened when the lead was made, or later.

    The visit whose token made the lead scores too (SPEC section 7), even a late one. Before engine version 4 an event
    gave points wherever it came after the lead was made, whenever it had happened.
    """
    if lead_instant.rules.engine_version < _SCORES_FROM_CREATION_SINCE:
        return True
    return event.at >= lead.created or lead_instant.token_lead == campaign.id


def _is_below_cap(rule: LeadScoringRule, lead: LeadState, now: int) -> bool:
    """Whether fewer awards than the cap lie in (now - per, now]; older awards are dropped."""
    if rule.at_most is None:
        return True
    per = rule.at_most.per
    lead.awards[rule.id] = [at for at in lead.awards.get(rule.id, []) if now - per < at]
    return len(lead.awards[rule.id]) < rule.at_most.times


def _award(lead_instant: LeadInstant, campaign: LeadCampaign, rule: LeadScoringRule, lead: LeadState) -> bool:
    lead_instant.fired_rules.add((campaign.id, rule.key))
    if rule.at_most is not None:
        lead.awards[rule.id].append(lead_instant.now)
    event = lead_instant.activity
    return lead_instant.add_points(
        campaign.id, rule.points, event.at if rule.is_filter_only and event else lead_instant.now
    )

"""Runs scoring rules: points for each matching activity, or when a condition becomes true (SPEC section 3)."""

from __future__ import annotations

from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.leads import add_points
from streams.engine.releases.compiled_campaigns import CompiledCampaign, CompiledScoring
from streams.engine.state.contact import Lead


def award_points(context: DecisionContext) -> bool:
    """Awards points by the rules of the campaigns in their period. Returns whether any points changed."""
    changed = False
    for campaign in context.campaigns_with_leads():
        lead = context.open_lead(campaign)
        if lead is None:
            continue
        if not campaign.is_in_period(context.now):
            _set_baselines(context, campaign, lead)
            continue
        for rule in campaign.scoring:
            if _should_award(context, campaign, rule, lead) and _is_below_cap(rule, lead, context.now):
                changed |= _award(context, campaign, rule, lead)
    return changed


def _set_baselines(context: DecisionContext, campaign: CompiledCampaign, lead: Lead) -> None:
    """Outside of the period truths stay as they are, except of rules whose baseline is still to be set."""
    lead_context = context.lead_contexts.get(campaign.id)
    if lead_context is None or not lead_context.rules_without_baseline:
        return
    for rule in campaign.scoring:
        if rule.activity_filter is None and rule.key in lead_context.rules_without_baseline:
            truth = rule.condition.node.holds(context.evaluation_context_for(lead))
            lead_context.detect_edge(lead, rule.key, truth)


def _should_award(context: DecisionContext, campaign: CompiledCampaign, rule: CompiledScoring, lead: Lead) -> bool:
    if rule.activity_filter is None:
        truth = rule.condition.node.holds(context.evaluation_context_for(lead))
        return context.lead_context(campaign.id).detect_edge(lead, rule.key, truth)
    if context.activity is None or rule.key in context.lead_context(campaign.id).fired_rules:
        return False
    # A late activity counts at its `at`: before the campaign started it scored nothing.
    if not campaign.is_in_period(context.activity.at) or not rule.activity_filter.matches(context.activity):
        return False
    return campaign.scores_before_lead or _is_of_lead(context, campaign, lead, context.activity.at)


def _is_of_lead(context: DecisionContext, campaign: CompiledCampaign, lead: Lead, at: int) -> bool:
    """Returns whether the lead was there at the activity's instant, or the activity's own record makes it."""
    return at >= lead.created or context.lead_context(campaign.id).is_created


def _is_below_cap(rule: CompiledScoring, lead: Lead, now: int) -> bool:
    """Returns whether the rolling window (now - per, now] has room for another award."""
    cap = rule.rule.at_most
    if cap is None:
        return True
    awards = [instant for instant in lead.awards.get(rule.id, []) if instant > now - cap.per]
    lead.awards[rule.id] = awards
    return len(awards) < cap.times


def _award(context: DecisionContext, campaign: CompiledCampaign, rule: CompiledScoring, lead: Lead) -> bool:
    context.lead_context(campaign.id).fired_rules.add(rule.key)
    if rule.rule.at_most is not None:
        lead.awards[rule.id].append(context.now)
    at = context.activity.at if rule.activity_filter is not None and context.activity is not None else context.now
    return add_points(context, campaign.id, rule.points, at, context.cause(context.root_cause.kind, rule.id))

"""Runs automation rules: each fires when its condition becomes true for an open lead (SPEC section 7)."""

from __future__ import annotations

from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.lead_table import NEW, OPEN_STATUSES, next_status
from streams.engine.decisions.leads import add_points, apply_lead_event, create_lead, set_status
from streams.engine.decisions.outputs import OutputCause
from streams.engine.releases.compiled import CompiledAutomation, CompiledCampaign
from streams.engine.state.contact import Lead


def run_automation(context: DecisionContext) -> bool:
    """Fires the rules that became true, campaign by campaign in rule order. Returns whether anything changed."""
    changed = False
    for campaign in context.release.campaigns:
        lead = context.open_lead(campaign)
        if lead is None:
            continue
        if campaign.is_running(context.now):
            changed |= _run_rules(context, campaign, lead)
        else:
            _set_baselines(context, campaign, lead)
    return changed


def _run_rules(context: DecisionContext, campaign: CompiledCampaign, lead: Lead) -> bool:
    changed = False
    for rule in campaign.automation:
        truth = rule.condition.node.holds(context.evaluation_context_for(lead))
        lead_context = context.lead_context(campaign.id)
        if not lead_context.detect_edge(lead, rule.id, truth):
            continue
        lead_context.fired_rules.add(rule.id)
        changed |= _apply_actions(context, campaign, rule, lead)
        if lead.status not in OPEN_STATUSES:
            break  # the first rule that closes the lead ends its processing
    return changed


def _set_baselines(context: DecisionContext, campaign: CompiledCampaign, lead: Lead) -> None:
    """In a campaign that does not run truths stay as they are, except of rules whose baseline is still to be set."""
    lead_context = context.lead_contexts.get(campaign.id)
    if lead_context is None or not lead_context.rules_without_baseline:
        return
    for rule in campaign.automation:
        if rule.id in lead_context.rules_without_baseline:
            truth = rule.condition.node.holds(context.evaluation_context_for(lead))
            lead_context.detect_edge(lead, rule.id, truth)


def _apply_actions(
    context: DecisionContext, campaign: CompiledCampaign, rule: CompiledAutomation, lead: Lead
) -> bool:
    """Performs the actions of a rule in the order of their fields. Returns whether anything changed."""
    then, cause = rule.rule.then, context.cause("automation", rule.id)
    changed = False
    if then.set_status is not None:
        changed |= set_status(context, campaign.id, then.set_status, cause, "person")
    if rule.add_points and lead.status in OPEN_STATUSES:
        changed |= add_points(context, campaign.id, rule.add_points, context.now, cause)
    if then.add_to_segment is not None:
        changed |= _update_static_segment(context, then.add_to_segment, True, cause)
    if then.remove_from_segment is not None:
        changed |= _update_static_segment(context, then.remove_from_segment, False, cause)
    if then.add_to_campaign is not None:
        changed |= _add_to_campaign(context, then.add_to_campaign, cause)
    if then.remove_from_campaign is not None:
        changed |= apply_lead_event(context, then.remove_from_campaign, "rule_removed", cause) is True
    return changed


def _add_to_campaign(context: DecisionContext, campaign: str, cause: OutputCause) -> bool:
    if next_status("rule_added", context.contact.leads.get(campaign)) != NEW:
        return False
    return create_lead(context, campaign, cause) is True


def _update_static_segment(context: DecisionContext, segment: str, add: bool, cause: OutputCause) -> bool:
    listed = context.contact.listed
    if (segment in listed) == add:
        return False
    context.list_causes[segment] = cause
    context.changes.static_segments.add(segment)
    if add:
        listed.append(segment)
    else:
        listed.remove(segment)
    return True

"""Runs automation rules: each fires when its condition becomes true for an open lead (SPEC section 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from streams.engine.decisions.context import DecisionContext
from streams.engine.decisions.lead_table import NEW, OPEN_STATUSES, next_status
from streams.engine.decisions.leads import add_points, apply_lead_event, create_lead, set_points, set_status
from streams.engine.decisions.outputs import OutputCause
from streams.engine.releases.compiled_campaigns import AutomationAction, CompiledAutomation, CompiledCampaign
from streams.engine.state.contact import Lead


def run_automation(context: DecisionContext) -> bool:
    """Fires the rules that became true, campaign by campaign in rule order. Returns whether anything changed."""
    changed = False
    for campaign in context.campaigns_with_leads():
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
        changed |= _apply_actions(context, campaign, rule)
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


def _apply_actions(context: DecisionContext, campaign: CompiledCampaign, rule: CompiledAutomation) -> bool:
    """Does all that the rule says, in the order of its release's engine version. Returns whether anything changed."""
    cause = context.cause("automation", rule.id)
    changed = False
    for action in rule.actions:
        changed |= _ACTIONS[action](context, campaign, rule, cause)
    return changed


def _set_status(
    context: DecisionContext, campaign: CompiledCampaign, rule: CompiledAutomation, cause: OutputCause
) -> bool:
    status = rule.rule.then.set_status
    assert status is not None
    return set_status(context, campaign.id, status, cause, "person")


def _add_points(
    context: DecisionContext, campaign: CompiledCampaign, rule: CompiledAutomation, cause: OutputCause
) -> bool:
    """Adds points, but none to a lead that the rule itself has closed before (engine version 3)."""
    if not rule.add_points or context.open_lead(campaign) is None:
        return False
    return add_points(context, campaign.id, rule.add_points, context.now, cause)


def _set_points(
    context: DecisionContext, campaign: CompiledCampaign, rule: CompiledAutomation, cause: OutputCause
) -> bool:
    return set_points(context, campaign.id, rule.set_points, cause)


def _add_to_segment(
    context: DecisionContext, _campaign: CompiledCampaign, rule: CompiledAutomation, cause: OutputCause
) -> bool:
    segment = rule.rule.then.add_to_segment
    assert segment is not None
    return _update_static_segment(context, segment, True, cause)


def _remove_from_segment(
    context: DecisionContext, _campaign: CompiledCampaign, rule: CompiledAutomation, cause: OutputCause
) -> bool:
    segment = rule.rule.then.remove_from_segment
    assert segment is not None
    return _update_static_segment(context, segment, False, cause)


def _update_static_segment(context: DecisionContext, segment: str, add: bool, cause: OutputCause) -> bool:
    listed = context.contact.listed
    if (segment in listed) == add:
        return False
    context.list_causes[segment] = cause
    context.changes.static_segments |= {segment}
    if add:
        listed.append(segment)
    else:
        listed.remove(segment)
    return True


def _add_to_campaign(
    context: DecisionContext, _campaign: CompiledCampaign, rule: CompiledAutomation, cause: OutputCause
) -> bool:
    other = rule.rule.then.add_to_campaign
    assert other is not None
    if next_status("rule_added", context.contact.leads.get(other)) != NEW:
        return False
    return create_lead(context, other, cause) is True


def _remove_from_campaign(
    context: DecisionContext, _campaign: CompiledCampaign, rule: CompiledAutomation, cause: OutputCause
) -> bool:
    other = rule.rule.then.remove_from_campaign
    assert other is not None
    return apply_lead_event(context, other, "rule_removed", cause) is True


def _notify(
    context: DecisionContext, campaign: CompiledCampaign, rule: CompiledAutomation, cause: OutputCause
) -> bool:
    """Tells of the lead as the rule leaves it; a notice changes nothing."""
    notice = rule.rule.then.notify
    assert notice is not None
    context.builder.add_notice(campaign, notice, context.contact.leads[campaign.id], context.now, cause)
    return False


_Action = Callable[[DecisionContext, CompiledCampaign, CompiledAutomation, OutputCause], bool]
_ACTIONS: Mapping[AutomationAction, _Action] = MappingProxyType(
    {
        "set_status": _set_status,
        "add_points": _add_points,
        "set_points": _set_points,
        "add_to_segment": _add_to_segment,
        "remove_from_segment": _remove_from_segment,
        "add_to_campaign": _add_to_campaign,
        "remove_from_campaign": _remove_from_campaign,
        "notify": _notify,
    }
)

"""Automation rules: fire when their condition becomes true for a lead that takes automation (SPEC section 7)."""

from __future__ import annotations

from streams.engine.decisions.context import Turn
from streams.engine.decisions.lead_table import NEW, TAKES, outcome
from streams.engine.decisions.leads import add_points, decide_lead, make, move
from streams.engine.decisions.outputs import Cause
from streams.engine.releases.compiled import CompiledAutomation, CompiledCampaign
from streams.engine.state.contact import Lead


def automate(turn: Turn) -> bool:
    """Fires what becomes true, campaign by campaign in rule order; whether anything changed."""
    changed = False
    for campaign in turn.release.campaigns:
        lead = turn.taking(campaign)
        if lead is None:
            continue
        if campaign.running(turn.now):
            changed |= _run(turn, campaign, lead)
        else:
            _take_bases(turn, campaign, lead)
    return changed


def _run(turn: Turn, campaign: CompiledCampaign, lead: Lead) -> bool:
    changed = False
    for rule in campaign.automation:
        truth = rule.condition.node.holds(turn.scene_of(lead))
        if not turn.is_edge(campaign.id, lead, rule.id, truth):
            continue
        turn.fired.add((campaign.id, rule.id))
        changed |= _act(turn, campaign, rule, lead)
        if lead.status not in TAKES:
            break  # the first rule that takes the lead out ends its processing
    return changed


def _take_bases(turn: Turn, campaign: CompiledCampaign, lead: Lead) -> None:
    """Of a campaign that does not run truths stand still, but for rules whose base is to be taken now."""
    for rule in campaign.automation:
        if (campaign.id, rule.id) in turn.rebase:
            truth = rule.condition.node.holds(turn.scene_of(lead))
            turn.is_edge(campaign.id, lead, rule.id, truth)


def _act(turn: Turn, campaign: CompiledCampaign, rule: CompiledAutomation, lead: Lead) -> bool:
    """The actions of a rule, in the order of their fields."""
    then, cause = rule.rule.then, turn.cause("automation", rule.id)
    changed = False
    if then.set_status is not None:
        changed |= move(turn, campaign.id, then.set_status, cause, "person")
    if rule.add_points and lead.status in TAKES:
        changed |= add_points(turn, campaign.id, rule.add_points, turn.now, cause)
    if then.add_to_segment is not None:
        changed |= _list(turn, then.add_to_segment, True, cause)
    if then.remove_from_segment is not None:
        changed |= _list(turn, then.remove_from_segment, False, cause)
    if then.add_to_campaign is not None:
        changed |= _add_to_campaign(turn, then.add_to_campaign, cause)
    if then.remove_from_campaign is not None:
        changed |= decide_lead(turn, then.remove_from_campaign, "rule_removed", cause) is True
    return changed


def _add_to_campaign(turn: Turn, campaign: str, cause: Cause) -> bool:
    if outcome("rule_added", turn.contact.leads.get(campaign)) != NEW:
        return False
    return make(turn, campaign, cause) is True


def _list(turn: Turn, segment: str, wanted: bool, cause: Cause) -> bool:
    listed = turn.contact.listed
    if (segment in listed) == wanted:
        return False
    turn.listings[segment] = cause
    turn.changes.lists.add(segment)
    if wanted:
        listed.append(segment)
    else:
        listed.remove(segment)
    return True

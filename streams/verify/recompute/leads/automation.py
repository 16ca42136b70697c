"""Rules that fire when their condition becomes true for a lead that takes automation (SPEC section 7)."""

from __future__ import annotations

from streams.verify.recompute.leads.lead_instant import Moment
from streams.verify.recompute.leads.lead_rules import AutomationRule, LeadCampaign
from streams.verify.recompute.leads.lead_state import Life


def automate(moment: Moment) -> bool:
    """Fires what becomes true, campaign by campaign, in the order of the rules; whether anything changed."""
    changed = False
    for campaign in moment.rules.campaigns:
        life = moment.taking(campaign.id)
        if life is not None and campaign.runs(moment.now):
            changed |= _run(moment, campaign, life)
        elif life is not None:
            _take_bases(moment, campaign, life)
    return changed


def _run(moment: Moment, campaign: LeadCampaign, life: Life) -> bool:
    changed = False
    for rule in campaign.automation:
        if moment.becomes_true(campaign, life, rule.key, rule.when):
            moment.fired.add((campaign.id, rule.key))
            changed |= _act(moment, campaign, rule, life)
        if not life.takes:
            break  # the first rule that takes the lead out ends its processing
    return changed


def _take_bases(moment: Moment, campaign: LeadCampaign, life: Life) -> None:
    """Where the campaign does not run truths stand still, but for those to be taken as they are at present."""
    for rule in campaign.automation:
        if (campaign.id, rule.key) in moment.unknown:
            moment.becomes_true(campaign, life, rule.key, rule.when)


def _act(moment: Moment, campaign: LeadCampaign, rule: AutomationRule, life: Life) -> bool:
    then = rule.then
    changed = False
    if then.set_status is not None:
        changed |= moment.move(campaign.id, then.set_status, "person")
    if rule.points and life.takes:
        changed |= moment.add_points(campaign.id, rule.points, moment.now)
    if then.add_to_segment is not None:
        changed |= _list(moment, then.add_to_segment, wanted=True)
    if then.remove_from_segment is not None:
        changed |= _list(moment, then.remove_from_segment, wanted=False)
    if then.add_to_campaign is not None and then.add_to_campaign not in moment.leads:
        changed |= moment.make(then.add_to_campaign) is None
    if then.remove_from_campaign in moment.leads:
        changed |= moment.move(then.remove_from_campaign, "deleted", "person")
    return changed


def _list(moment: Moment, segment: str, *, wanted: bool) -> bool:
    listed = moment.told.kept.listed
    if (segment in listed) == wanted:
        return False
    listed.add(segment) if wanted else listed.discard(segment)
    return True

"""Points for each matching event, and when a condition becomes true (SPEC section 3)."""

from __future__ import annotations

from streams.verify.recompute.conditions.activities import is_meant
from streams.verify.recompute.leads.lead_instant import Moment
from streams.verify.recompute.leads.lead_rules import LeadCampaign, ScoringRule
from streams.verify.recompute.leads.lead_state import Life


def award(moment: Moment) -> bool:
    """Gives what the rules of the campaigns in their period give; whether any points changed."""
    changed = False
    for campaign in moment.rules.campaigns:
        life = moment.taking(campaign.id)
        if life is None:
            continue
        for rule in campaign.scoring:
            if not campaign.in_period(moment.now):
                _take_base(moment, campaign, rule, life)
            elif _is_due(moment, campaign, rule, life) and _has_room(rule, life, moment.now):
                changed |= _give(moment, campaign, rule, life)
    return changed


def _take_base(moment: Moment, campaign: LeadCampaign, rule: ScoringRule, life: Life) -> None:
    """Outside of the period truths stand still, but for those that are to be taken as they are at present."""
    if (campaign.id, rule.key) in moment.unknown and not rule.bare:
        moment.becomes_true(campaign, life, rule.key, rule.when)


def _is_due(moment: Moment, campaign: LeadCampaign, rule: ScoringRule, life: Life) -> bool:
    if not rule.bare:
        return moment.becomes_true(campaign, life, rule.key, rule.when)
    event = moment.happening
    if event is None or (campaign.id, rule.key) in moment.fired:
        return False
    # A late event counts where it belongs: outside of the period it gives nothing.
    return campaign.in_period(event.at) and is_meant(event, rule.when, moment.told.world)


def _has_room(rule: ScoringRule, life: Life, now: int) -> bool:
    """Whether fewer awards than the cap lie in (now - per, now]; awards are known for as long as a cap asks."""
    if rule.at_most is None:
        return True
    per = rule.at_most.per
    life.awards[rule.id] = [at for at in life.awards.get(rule.id, []) if now - per < at]
    return len(life.awards[rule.id]) < rule.at_most.times


def _give(moment: Moment, campaign: LeadCampaign, rule: ScoringRule, life: Life) -> bool:
    moment.fired.add((campaign.id, rule.key))
    if rule.at_most is not None:
        life.awards[rule.id].append(moment.now)
    event = moment.happening
    return moment.add_points(campaign.id, rule.points, event.at if rule.bare and event else moment.now)

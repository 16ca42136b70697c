"""Who becomes a lead by audience or by a campaign's token, and who leaves (SPEC section 7)."""

from __future__ import annotations

from streams.verify.recompute.leads.lead_instant import Moment
from streams.verify.recompute.leads.lead_rules import LeadCampaign


def take_in(moment: Moment) -> bool:
    """Makes and ends leads of the campaigns that run; whether anything changed."""
    changed = False
    for campaign in moment.rules.campaigns:
        if campaign.runs(moment.now):
            inside = not moment.told.world.members.isdisjoint(campaign.definition.audience)
            changed |= _by_token(moment, campaign)
            changed |= inside and _by_audience(moment, campaign)
            changed |= _leaves(moment, campaign, inside)
    return changed


def _by_token(moment: Moment, campaign: LeadCampaign) -> bool:
    if moment.token != campaign.id or campaign.id in moment.leads:
        return False
    return moment.make(campaign.id) is None


def _by_audience(moment: Moment, campaign: LeadCampaign) -> bool:
    """A deleted lead comes back by its audience only if it is deleted for having left it."""
    life = moment.leads.get(campaign.id)
    if life is not None and life.ended_by != "leave":
        return False
    return moment.make(campaign.id) is None


def _leaves(moment: Moment, campaign: LeadCampaign, inside: bool) -> bool:
    """Who was in the audience and is in none of its segments leaves; an exit by the contact's status is none."""
    life = moment.leads.get(campaign.id)
    if life is None or life.inside == inside or not (inside or _status_allows(moment, campaign)):
        return False
    life.inside = inside
    if inside or campaign.definition.leave != "delete" or campaign.id in moment.left:
        return False
    moment.left.add(campaign.id)
    return life.takes and moment.move(campaign.id, "deleted", "leave")


def _status_allows(moment: Moment, campaign: LeadCampaign) -> bool:
    release, status = moment.told.release, moment.told.world.status
    assert release is not None, "a campaign is part of a release"
    segments = (release.segment(name) for name in campaign.definition.audience)
    return all(status in segment.statuses for segment in segments if segment is not None)

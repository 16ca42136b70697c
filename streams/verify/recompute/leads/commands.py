"""What people, the contact's status, scores and the CRM do to leads; each says whether it was refused."""

from __future__ import annotations

from decimal import Decimal

from streams.engine.journal.records import Event
from streams.verify.recompute.leads.lead_instant import Moment

Refused = bool

_FAILURE = ("code", "message")


def command(moment: Moment, event: Event) -> Refused:
    """`lead.added`, `lead.qualified`, `lead.rejected`, `lead.removed` or `lead.reactivated`."""
    campaign = event.fields["campaign"]
    if campaign not in moment.rules.campaign:
        return True
    if event.type == "lead.added":
        return _add(moment, campaign, acquired=event.fields.get("acquired", False))
    if event.type == "lead.reactivated":
        return _reactivate(moment, campaign)
    return _end(moment, campaign, event.type)


def _add(moment: Moment, campaign: str, *, acquired: bool) -> Refused:
    life = moment.leads.get(campaign)
    if life is None or life.status == "deleted":
        return moment.make(campaign) is not None
    if acquired and life.status == "active":
        moment.move(campaign, "duplicate")
    return False


def _reactivate(moment: Moment, campaign: str) -> Refused:
    if campaign not in moment.leads or moment.told.world.status == "deleted":
        return True
    moment.move(campaign, "active")
    return False


def _end(moment: Moment, campaign: str, type_: str) -> Refused:
    life = moment.leads.get(campaign)
    if life is None:
        return True
    if type_ == "lead.removed":
        moment.move(campaign, "deleted", "person")
        return False
    if life.status == "deleted":
        return True
    moment.move(campaign, type_.removeprefix("lead."))
    return False


def cascade(moment: Moment, before: str) -> None:
    """The contact's status has changed, or was said once more."""
    status = moment.told.world.status
    if status in ("active", before):
        return
    for campaign, life in moment.leads.items():
        if status == "deleted":
            moment.move(campaign, "deleted", "cascade")
        elif life.status != "deleted":
            moment.move(campaign, "rejected")


def score(moment: Moment, event: Event) -> Refused:
    """Points for one lead, or for each lead of the contact that takes points in a campaign that is in its period."""
    name = event.fields.get("campaign")
    if name is not None and (name not in moment.rules.campaign or name not in moment.leads):
        return True
    for campaign in moment.rules.campaigns:
        is_meant = name in (None, campaign.id) and moment.taking(campaign.id) is not None
        if is_meant and campaign.in_period(moment.now) and campaign.in_period(event.at):
            moment.add_points(campaign.id, Decimal(event.fields["points"]), event.at)
    return False


def crm_said(moment: Moment, event: Event) -> Refused:
    """The lead keeps what was said of its last hand-over; a link leaves nothing of the failures before it."""
    life = moment.leads.get(event.fields["campaign"])
    if life is None:
        return True
    said = {name: value for name, value in event.fields.items() if name != "campaign"}
    if "number" in said and said["number"] < life.crm.get("number", []):
        return False
    kept = {name: value for name, value in life.crm.items() if event.type != "crm.linked" or name not in _FAILURE}
    life.crm = {**kept, **said, "result": event.type}
    moment.touched.add(event.fields["campaign"])
    return False

"""What commands, the contact's status, scores and the CRM do to leads; functions return whether they refuse."""

from __future__ import annotations

from decimal import Decimal

from streams.engine.journal.records import JournalEvent
from streams.verify.recompute.leads.lead_instant import LeadInstant

IsRefused = bool

_REPLACED_FIELDS = {"crm.linked": ("code", "message"), "crm.outcome": ("amounts",)}
"""What a lead has of earlier results and loses by a result of the type."""


def apply_command(lead_instant: LeadInstant, event: JournalEvent) -> IsRefused:
    """`lead.added`, `lead.qualified`, `lead.rejected`, `lead.removed` or `lead.reactivated`."""
    campaign = event.fields["campaign"]
    if campaign not in lead_instant.rules.campaigns_by_id:
        return True
    if event.type == "lead.added":
        return _add_lead(lead_instant, campaign, acquired=event.fields.get("acquired", False))
    if event.type == "lead.reactivated":
        return _reactivate_lead(lead_instant, campaign)
    return _end_lead(lead_instant, campaign, event.type)


def _add_lead(lead_instant: LeadInstant, campaign: str, *, acquired: bool) -> IsRefused:
    lead = lead_instant.leads.get(campaign)
    if lead is None or lead.status == "deleted":
        return lead_instant.create_lead(campaign) is not None
    if acquired and lead.status == "active":
        lead_instant.set_status(campaign, "duplicate")
    return False


def _reactivate_lead(lead_instant: LeadInstant, campaign: str) -> IsRefused:
    if campaign not in lead_instant.leads or lead_instant.contact.model.status == "deleted":
        return True
    lead_instant.set_status(campaign, "active")
    return False


def _end_lead(lead_instant: LeadInstant, campaign: str, event_type: str) -> IsRefused:
    lead = lead_instant.leads.get(campaign)
    if lead is None:
        return True
    if event_type == "lead.removed":
        lead_instant.set_status(campaign, "deleted", "person")
        return False
    if lead.status == "deleted":
        return True
    lead_instant.set_status(campaign, event_type.removeprefix("lead."))
    return False


def cascade(lead_instant: LeadInstant, previous_status: str) -> None:
    """Applies a change of the contact's status to its leads; the same status again changes nothing."""
    status = lead_instant.contact.model.status
    if status in ("active", previous_status):
        return
    for campaign, lead in lead_instant.leads.items():
        if status == "deleted":
            lead_instant.set_status(campaign, "deleted", "cascade")
        elif lead.status != "deleted":
            lead_instant.set_status(campaign, "rejected")


def apply_score(lead_instant: LeadInstant, event: JournalEvent) -> IsRefused:
    """Points for one lead, or for each lead of the contact that takes points in a campaign that is in its period."""
    name = event.fields.get("campaign")
    if name is not None and (name not in lead_instant.rules.campaigns_by_id or name not in lead_instant.leads):
        return True
    for campaign in lead_instant.rules.campaigns:
        is_meant = name in (None, campaign.id) and lead_instant.open_lead(campaign.id) is not None
        if is_meant and campaign.in_period(lead_instant.now) and campaign.in_period(event.at):
            lead_instant.add_points(campaign.id, Decimal(event.fields["points"]), event.at)
    return False


def apply_crm_result(lead_instant: LeadInstant, event: JournalEvent) -> IsRefused:
    """Stores the CRM's result of the lead's last hand-over; a link removes earlier failures, an outcome amounts."""
    lead = lead_instant.leads.get(event.fields["campaign"])
    if lead is None:
        return True
    reported = {name: value for name, value in event.fields.items() if name not in ("campaign", "opportunity_state")}
    if "number" in reported and reported["number"] < lead.crm.get("number", []):
        return False
    replaced = _REPLACED_FIELDS.get(event.type, ())
    current = {name: value for name, value in lead.crm.items() if name not in replaced}
    lead.crm = {**current, **reported, "result": event.type}
    lead_instant.changed_leads.add(event.fields["campaign"])
    return False

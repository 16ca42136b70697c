"""What commands, the contact's status, scores and the CRM do to leads; functions return whether they refuse."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from streams.engine.journal.records import JournalEvent
from streams.verify.recompute.leads.lead_instant import LeadInstant

IsRefused = bool

_FAILURE_FIELDS = ("code", "message")
_ANSWER_FIELDS = ("retry", "code", "message", "notes", "more_notes")
_OPPORTUNITY_FIELDS = ("opportunity", "amount", "currency", "amounts")

_RETRIES_SINCE = 4
"""The engine version from which on a retry by hand is newer than what it repeats."""
_KEPT_NOTES = 20
_KEPT_REASON = 200


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
    """Stores the CRM's result of the lead's last hand-over."""
    campaign = event.fields["campaign"]
    lead = lead_instant.leads.get(campaign)
    if lead is None:
        return True
    reported = {name: value for name, value in event.fields.items() if name not in ("campaign", "opportunity_state")}
    if lead_instant.rules.engine_version < _RETRIES_SINCE:
        crm = _former_crm(lead.crm, event.type, reported)
    elif event.type == "crm.outcome":
        crm = _crm_with_outcome(lead.crm, reported)
    else:
        is_of_update = reported.pop("update", False)
        answer = _shortened(reported)
        combine = _crm_with_update if is_of_update else _crm_with_answer
        crm = combine(lead.crm, event.type, answer)
    if crm is not None:
        lead.crm = crm
        lead_instant.changed_leads.add(campaign)
    return False


def _former_crm(crm: dict[str, Any], kind: str, reported: dict[str, Any]) -> dict[str, Any] | None:
    """Before version 4 only the number of the hand-over counted; a link removed earlier failures."""
    if "number" in reported and reported["number"] < crm.get("number", []):
        return None
    current = {name: value for name, value in crm.items() if kind != "crm.linked" or name not in _FAILURE_FIELDS}
    known = {name: value for name, value in reported.items() if name not in ("amounts", "update", "notes")}
    return {**current, **known, "result": kind}


def _crm_with_answer(crm: dict[str, Any], kind: str, answer: dict[str, Any]) -> dict[str, Any] | None:
    """The newest answer stays: of a newer hand-over, or of a newer retry by hand of the same one."""
    has_number = "number" in answer
    if has_number and (answer["number"], answer.get("retry", 0)) < (crm.get("number", []), crm.get("retry", 0)):
        return None
    kept = {name: value for name, value in crm.items() if name not in _ANSWER_FIELDS}
    if not has_number and "retry" in crm:
        kept["retry"] = crm["retry"]
    if has_number and answer.get("record", crm.get("record")) != crm.get("record"):
        kept.pop("member", None)  # it was a member of another record
    if "update" in kept and (not has_number or answer["number"] >= kept["update"].get("number", [])):
        del kept["update"]  # it told of something older than this hand-over
    return {**kept, **answer, "result": kind}


def _crm_with_update(crm: dict[str, Any], kind: str, answer: dict[str, Any]) -> dict[str, Any] | None:
    """What became of an update is kept by itself; where it was linked, the record is the one that it names."""
    earlier = crm.get("update", {})
    if "number" in answer:
        this = answer["number"], answer.get("retry", 0)
        if any(this < (each.get("number", []), each.get("retry", 0)) for each in (crm, earlier)):
            return None
    else:
        answer = {**{name: earlier[name] for name in ("number", "retry") if name in earlier}, **answer}
    update = {name: value for name, value in answer.items() if name not in ("record", "member")}
    result = {**crm, "update": {**update, "result": kind}}
    if kind == "crm.linked":
        named: dict[str, Any] = {name: answer[name] for name in ("record", "member") if name in answer}
        if named.get("record", crm.get("record")) != crm.get("record"):
            result.pop("member", None)
        result.update(named)
    return result


def _shortened(answer: dict[str, Any]) -> dict[str, Any]:
    """A lead keeps the first notes, and of each reason the beginning; the others are counted."""
    if "notes" not in answer:
        return answer
    notes = [{**note, "reason": note["reason"][:_KEPT_REASON]} for note in answer["notes"]]
    more = {"more_notes": len(notes) - _KEPT_NOTES} if len(notes) > _KEPT_NOTES else {}
    return {**answer, "notes": notes[:_KEPT_NOTES], **more}


def _crm_with_outcome(crm: dict[str, Any], outcome: dict[str, Any]) -> dict[str, Any]:
    """An outcome says everything of the opportunity and nothing of a hand-over."""
    own = {name: outcome[name] for name in ("outcome", *_OPPORTUNITY_FIELDS) if name in outcome}
    kept = {name: value for name, value in crm.items() if name not in _OPPORTUNITY_FIELDS}
    return {**kept, **own, "result": "crm.outcome"}

"""What goes to `qualified-leads` of a contact at one instant (SPEC section 8).

Hand-overs show the lead at the step that qualifies it. Whether they are kept back, and what is told of leads that
were handed over before, is asked of the contact as it is when the instant is settled.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from schemas.values import instant_text
from streams.verify.recompute.leads.lead_instant import LeadInstant
from streams.verify.recompute.leads.lead_state import LeadState
from streams.verify.recompute.memberships import compute_members


def finish_hand_overs(lead_instant: LeadInstant) -> None:
    """Adds the instant's hand-overs and updates to the contact's."""
    contact, rules = lead_instant.contact, lead_instant.rules
    handed_over = [each.campaign for each in lead_instant.hand_overs]
    changes = _changes_of_contact(lead_instant)
    is_consent_due = bool(changes & rules.consent_occasions) or _has_consent_turned(lead_instant)
    occasions = {
        campaign: _occasions(lead_instant, campaign, lead, changes) for campaign, lead in lead_instant.leads.items()
    }
    told = [
        campaign
        for campaign, own in occasions.items()
        if (own or is_consent_due) and _was_handed_over(lead_instant, campaign)
    ]
    if not handed_over and not told:
        return
    is_kept_back = is_forbidden(lead_instant)
    contact.hand_overs += [replace(each, is_kept_back=is_kept_back) for each in lead_instant.hand_overs]
    for campaign in told:
        update, own = lead_instant.describe_lead(campaign), occasions[campaign]
        consent = tuple(occasion for occasion in own if is_kept_back and occasion in rules.consent_occasions)
        told_occasions, is_silent = (consent, False) if consent else (own, is_kept_back)
        contact.hand_overs.append(
            replace(
                update,
                occasions=told_occasions,
                is_kept_back=is_silent,
                is_update=True,
                is_opted_out=bool(consent),
            )
        )
    if rules.tells_of_leads:
        what = "kept_back" if is_kept_back else "handed_over"
        for campaign in handed_over:
            lead = lead_instant.leads[campaign]
            lead.crm = {name: value for name, value in lead.crm.items() if name != "kept_back"}
            lead.crm[what] = instant_text(lead_instant.now)


def _occasions(lead_instant: LeadInstant, campaign: str, lead: LeadState, changes: frozenset[str]) -> tuple[str, ...]:
    is_rejected = lead.status == "rejected" and _status_before(lead_instant, campaign) != "rejected"
    happened = changes | {"lead.rejected"} if is_rejected else changes
    return tuple(occasion for occasion in lead_instant.rules.occasions if occasion in happened)


def _changes_of_contact(lead_instant: LeadInstant) -> frozenset[str]:
    """What the record changed of the contact: its status, its properties."""
    before, model = lead_instant.contact_before, lead_instant.contact.model
    if before is None:
        return frozenset()
    status, properties = before
    names = properties.keys() | model.properties.keys()
    changed = {f"property/{name}" for name in names if _json(properties, name) != _json(model.properties, name)}
    return frozenset(changed | {"contact.status"} if status != model.status else changed)


def _json(properties: dict[str, Any], name: str) -> str | None:
    """A property as a reader sees it: 1, 1.0 and true are three values."""
    return json.dumps(properties[name], sort_keys=True) if name in properties else None


def _status_before(lead_instant: LeadInstant, campaign: str) -> str | None:
    if campaign in lead_instant.statuses_before:
        return lead_instant.statuses_before[campaign]
    return lead_instant.leads[campaign].status


def _was_handed_over(lead_instant: LeadInstant, campaign: str) -> bool:
    """Whether the CRM has the lead or is to get it: a record, a hand-over on its way, or a qualified lead."""
    crm = lead_instant.leads[campaign].crm
    if crm.get("record") is not None or "handed_over" in crm:
        return True
    is_known_unsent = "kept_back" in crm or crm.get("code") == "do_not_sync"
    return not is_known_unsent and _status_before(lead_instant, campaign) == "qualified"


def was_forbidden(before: LeadInstant) -> bool | None:
    """Whether `do_not_sync` held at an instant that is over; None of a contact that was never handed over."""
    if before.rules.do_not_sync is None or not any(_was_handed_over(before, campaign) for campaign in before.leads):
        return None
    return is_forbidden(before)


def is_forbidden(lead_instant: LeadInstant) -> bool:
    """Whether `do_not_sync` holds of the contact at the instant."""
    condition, contact = lead_instant.rules.do_not_sync, lead_instant.contact
    if condition is None or contact.release is None:
        return False
    lead_instant.refresh_model()
    compute_members(
        contact.model, contact.release, lead_instant.now, contact.fixed_memberships, lead_instant.evaluate
    )
    return lead_instant.evaluate(condition, lead_instant.now)


def _has_consent_turned(lead_instant: LeadInstant) -> bool:
    """Whether what happened at the instant, or time, turned `do_not_sync`."""
    return lead_instant.was_forbidden is not None and is_forbidden(lead_instant) != lead_instant.was_forbidden

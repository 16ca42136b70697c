"""What each event does to a contact before the contact is settled, and whether it is refused."""

from __future__ import annotations

from typing import Any

from schemas.definitions import STANDARD_PROPERTIES
from streams.engine.journal.records import JournalEvent
from streams.verify.recompute.conditions.properties import apply_patch
from streams.verify.recompute.contact import RecomputedContact
from streams.verify.recompute.leads import commands
from streams.verify.recompute.leads.commands import IsRefused
from streams.verify.recompute.leads.decay import points_from_millionths
from streams.verify.recompute.leads.lead_instant import LeadInstant
from streams.verify.recompute.model import ContactModel, HistoryActivity

MOST_SCORES = 100
"""Named scores of a contact, see docs/state-bounds.md."""


def apply_event(lead_instant: LeadInstant, offset: int, event: JournalEvent, lateness: int) -> IsRefused:
    """Applies an event; later than `lateness` (ms) it does not count in `sequence`, `first` and `last`."""
    if event.type in ("web.visited", "activity.recorded"):
        return _record_activity(lead_instant, offset, event, lateness)
    if event.type in ("contact.changed", "contact.deleted"):
        return _apply_patch(lead_instant, event.fields)
    if event.type == "score.adjusted":
        return _adjust_score(lead_instant, event)
    if event.type in ("segment.member_added", "segment.member_removed"):
        return _update_static_segment(
            lead_instant.contact, event.fields["segment"], event.type == "segment.member_added"
        )
    if event.type.startswith("lead."):
        return commands.apply_command(lead_instant, event)
    if event.type.startswith("crm."):
        return commands.apply_crm_result(lead_instant, event)
    raise ValueError(f"no event of the type {event.type} is let into the journal")


def _record_activity(lead_instant: LeadInstant, offset: int, event: JournalEvent, lateness: int) -> IsRefused:
    fields, is_visit = event.fields, event.type == "web.visited"
    too_late = lead_instant.now - event.at > lateness
    activity = HistoryActivity(event.at, fields, fields.get("name", "visit"), is_visit, too_late, offset)
    lead_instant.contact.model.activities.append(activity)
    lead_instant.activity = activity
    if is_visit:
        lead_instant.token = fields.get("campaign", "")
    return False


def _apply_patch(lead_instant: LeadInstant, fields: dict[str, Any]) -> IsRefused:
    """Applies a patch. When parts are refused the others apply, so the event itself is not refused."""
    contact, model = lead_instant.contact, lead_instant.contact.model
    types = model.property_types or dict(STANDARD_PROPERTIES)
    model.properties = apply_patch(model.properties, fields.get("properties", {}), types, model.engine_version)
    model.property_history.append((lead_instant.now, model.properties))
    status, model.status = model.status, fields.get("status", model.status)
    if model.status == "deleted":
        contact.fixed_memberships.frozen = dict.fromkeys(contact.fixed_memberships.frozen, False)
    commands.cascade(lead_instant, status)
    return False


def _adjust_score(lead_instant: LeadInstant, event: JournalEvent) -> IsRefused:
    """Adds points to one lead, to a named score, or to the contact's own score and its leads."""
    model, fields = lead_instant.contact.model, event.fields
    if "campaign" in fields:
        return commands.apply_score(lead_instant, event)
    name = fields.get("score")
    if name is None:
        model.score = add_to_score(model, name, fields["points"])
        return commands.apply_score(lead_instant, event)
    if name not in model.scores and len(model.scores) >= MOST_SCORES:
        return True
    model.scores[name] = add_to_score(model, name, fields["points"])
    return False


def add_to_score(model: ContactModel, name: str | None, millionths: int) -> float:
    """Adds millionths to a score (None: the contact's own); returns it as outputs show it, rounded when large."""
    model.score_millionths[name] = model.score_millionths.get(name, 0) + millionths
    return points_from_millionths(model.score_millionths[name])


def _update_static_segment(contact: RecomputedContact, segment: str, add: bool) -> IsRefused:
    definition = contact.release.segment(segment) if contact.release else None
    if definition is None or definition.dynamic:
        return True
    contact.fixed_memberships.listed.add(segment) if add else contact.fixed_memberships.listed.discard(segment)
    return False

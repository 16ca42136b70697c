"""What each event does to a contact before it is settled, and whether it is refused."""

from __future__ import annotations

from typing import Any

from schemas.definitions import STANDARD_PROPERTIES
from streams.engine.journal.records import JournalEvent
from streams.verify.recompute.conditions.properties import apply_patch
from streams.verify.recompute.contact import RecomputedContact
from streams.verify.recompute.leads import commands
from streams.verify.recompute.leads.decay import points_from_millionths
from streams.verify.recompute.leads.lead_instant import LeadInstant
from streams.verify.recompute.model import ContactModel
from streams.verify.recompute.model import HistoryActivity as Happening

MOST_SCORES = 100
"""Named scores of a contact, see docs/state-bounds.md."""

Refused = bool
"""Then its id may come again."""


def apply_event(lead_instant: LeadInstant, offset: int, event: JournalEvent, lateness: int) -> Refused:
    """Does what the event says; `lateness` is how late (ms) an event may be for `sequence`, `first` and `last`."""
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


def _record_activity(lead_instant: LeadInstant, offset: int, event: JournalEvent, lateness: int) -> Refused:
    fields, is_visit = event.fields, event.type == "web.visited"
    too_late = lead_instant.now - event.at > lateness
    happening = Happening(event.at, fields, fields.get("name", "visit"), is_visit, too_late, offset)
    lead_instant.contact.model.activities.append(happening)
    lead_instant.activity = happening
    if is_visit:
        lead_instant.token = fields.get("campaign", "")
    return False


def _apply_patch(lead_instant: LeadInstant, fields: dict[str, Any]) -> Refused:
    """Of a patch that is refused in parts the others apply, so that it is not to come again."""
    told, world = lead_instant.contact, lead_instant.contact.model
    types = world.property_types or dict(STANDARD_PROPERTIES)
    world.properties = apply_patch(world.properties, fields.get("properties", {}), types)
    world.property_history.append((lead_instant.now, world.properties))
    status, world.status = world.status, fields.get("status", world.status)
    if world.status == "deleted":
        told.fixed_memberships.frozen = dict.fromkeys(told.fixed_memberships.frozen, False)
    commands.cascade(lead_instant, status)
    return False


def _adjust_score(lead_instant: LeadInstant, event: JournalEvent) -> Refused:
    """For one lead, for a named score, or for the contact's own score and its leads."""
    world, fields = lead_instant.contact.model, event.fields
    if "campaign" in fields:
        return commands.apply_score(lead_instant, event)
    name = fields.get("score")
    if name is None:
        world.score = add_to_score(world, name, fields["points"])
        return commands.apply_score(lead_instant, event)
    if name not in world.scores and len(world.scores) >= MOST_SCORES:
        return True
    world.scores[name] = add_to_score(world, name, fields["points"])
    return False


def add_to_score(model: ContactModel, name: str | None, millionths: int) -> float:
    """A score (None: the contact's own) with so many millionths more, as it is written: of a large one rounded."""
    model.score_millionths[name] = model.score_millionths.get(name, 0) + millionths
    return points_from_millionths(model.score_millionths[name])


def _update_static_segment(contact: RecomputedContact, segment: str, add: bool) -> Refused:
    found = contact.release.segment(segment) if contact.release else None
    if found is None or found.dynamic:
        return True
    contact.fixed_memberships.listed.add(segment) if add else contact.fixed_memberships.listed.discard(segment)
    return False

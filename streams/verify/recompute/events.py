"""What each event does to a contact before it is settled, and whether it is refused."""

from __future__ import annotations

from typing import Any

from schemas.definitions import STANDARD_PROPERTIES
from streams.engine.journal.records import Event
from streams.verify.recompute.conditions.properties import patched
from streams.verify.recompute.contact import Told
from streams.verify.recompute.leads import commands
from streams.verify.recompute.leads.decay import points_of
from streams.verify.recompute.leads.lead_instant import Moment
from streams.verify.recompute.model import Event as Happening
from streams.verify.recompute.model import World

MOST_SCORES = 100
"""Named scores of a contact, see docs/state-bounds.md."""

Refused = bool
"""Then its id may come again."""


def apply(moment: Moment, offset: int, event: Event, lateness: int) -> Refused:
    """Does what the event says; `lateness` is how late (ms) an event may be for `sequence`, `first` and `last`."""
    if event.type in ("web.visited", "activity.recorded"):
        return _happen(moment, offset, event, lateness)
    if event.type in ("contact.changed", "contact.deleted"):
        return _patch(moment, event.fields)
    if event.type == "score.adjusted":
        return _score(moment, event)
    if event.type in ("segment.member_added", "segment.member_removed"):
        return _list(moment.told, event.fields["segment"], event.type == "segment.member_added")
    if event.type.startswith("lead."):
        return commands.command(moment, event)
    if event.type.startswith("crm."):
        return commands.crm_said(moment, event)
    raise ValueError(f"no event of the type {event.type} is let into the journal")


def _happen(moment: Moment, offset: int, event: Event, lateness: int) -> Refused:
    fields, is_visit = event.fields, event.type == "web.visited"
    too_late = moment.now - event.at > lateness
    happening = Happening(event.at, fields, fields.get("name", "visit"), is_visit, too_late, offset)
    moment.told.world.history.append(happening)
    moment.happening = happening
    if is_visit:
        moment.token = fields.get("campaign", "")
    return False


def _patch(moment: Moment, fields: dict[str, Any]) -> Refused:
    """Of a patch that is refused in parts the others apply, so that it is not to come again."""
    told, world = moment.told, moment.told.world
    types = world.types or dict(STANDARD_PROPERTIES)
    world.properties = patched(world.properties, fields.get("properties", {}), types)
    world.patches.append((moment.now, world.properties))
    status, world.status = world.status, fields.get("status", world.status)
    if world.status == "deleted":
        told.kept.frozen = dict.fromkeys(told.kept.frozen, False)
    commands.cascade(moment, status)
    return False


def _score(moment: Moment, event: Event) -> Refused:
    """For one lead, for a named score, or for the contact's own score and its leads."""
    world, fields = moment.told.world, event.fields
    if "campaign" in fields:
        return commands.score(moment, event)
    name = fields.get("score")
    if name is None:
        world.score = summed(world, name, fields["points"])
        return commands.score(moment, event)
    if name not in world.scores and len(world.scores) >= MOST_SCORES:
        return True
    world.scores[name] = summed(world, name, fields["points"])
    return False


def summed(world: World, name: str | None, millionths: int) -> float:
    """A score (None: the contact's own) with so many millionths more, as it is written: of a large one rounded."""
    world.millionths[name] = world.millionths.get(name, 0) + millionths
    return points_of(world.millionths[name])


def _list(told: Told, segment: str, wanted: bool) -> Refused:
    found = told.release.segment(segment) if told.release else None
    if found is None or found.dynamic:
        return True
    told.kept.listed.add(segment) if wanted else told.kept.listed.discard(segment)
    return False

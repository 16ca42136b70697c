"""A contact's leads as the engine's row has them, and as batch tells them, in one form to be compared."""

from __future__ import annotations

from typing import Any

from streams.engine.decisions.lead_table import TAKES
from streams.engine.state.contact import Contact
from streams.engine.state.points import points_at
from streams.verify.recompute.contact import Told
from streams.verify.recompute.leads.decay import points_of

Leads = dict[str, dict[str, Any]]


def by_the_engine(contact: Contact, told: Told) -> Leads:
    """With the points decayed to the end of what is told."""
    half_lives, found = _half_lives(told), {}
    for campaign, lead in contact.leads.items():
        half_life = half_lives.get(campaign) if lead.status in TAKES else None
        points = points_of(points_at(lead.points, lead.decayed, told.end, half_life))
        found[campaign] = _lead(lead, points, lead.audience)
    return found


def by_batch(told: Told) -> Leads:
    """The same of what was told."""
    half_lives = _half_lives(told)
    return {
        campaign: _lead(life, life.worth(told.end, half_lives.get(campaign)), life.inside)
        for campaign, life in told.lives.items()
    }


def _lead(lead: Any, points: float, inside: bool) -> dict[str, Any]:
    return {
        "status": lead.status,
        "points": points,
        "made": lead.made,
        "changed": lead.changed,
        "ended_by": lead.ended_by,
        "inside": inside,
        "crm": lead.crm,
    }


def _half_lives(told: Told) -> dict[str, int | None]:
    campaigns = told.release.definitions.campaigns if told.release else ()
    return {each.id: each.half_life for each in campaigns}

"""A contact as conditions see it at an instant: with points decayed to then, and the lead at hand."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from streams.engine.conditions.protocols import Scene
from streams.engine.decisions.lead_table import TAKES
from streams.engine.partition.broadcast import Standing
from streams.engine.releases.compiled import CompiledCampaign, CompiledRelease
from streams.engine.state.contact import Contact, Lead
from streams.engine.state.points import points_at


@dataclass(frozen=True, slots=True)
class Sight:
    """One contact at one instant (ms)."""

    contact: Contact
    now: int

    def scene(self, campaign: str = "") -> Scene:
        """What a condition is asked of; in a campaign's rules with the lead at hand."""
        lead = self.contact.leads.get(campaign)
        return Scene(self.contact, self.now, lead, lead.points if lead is not None else 0)


def sight_of(contact: Contact, release: CompiledRelease, now: int) -> Sight:
    """The contact at `now`; its row stays as it is."""
    leads = {name: _decayed(lead, release.campaign.get(name), now) for name, lead in contact.leads.items()}
    return Sight(msgspec.structs.replace(contact, leads=leads), now)


def present_of(contact: Contact, standing: Standing) -> int:
    """The latest instant that the row is settled for: a tick T closes the instants before T only."""
    clock = max(contact.clock, standing.clock_of(contact.account, contact.clock) - 1)
    return clock if contact.due is None or contact.due > clock else contact.due - 1


def _decayed(lead: Lead, campaign: CompiledCampaign | None, now: int) -> Lead:
    half_life = campaign.definition.half_life if campaign is not None else None
    if half_life is None or lead.status not in TAKES:
        return lead
    return msgspec.structs.replace(lead, points=points_at(lead.points, lead.decayed, now, half_life), decayed=now)

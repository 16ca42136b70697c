"""Builds a contact as conditions see it at an instant, with points decayed to that instant."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from streams.engine.conditions.protocols import EvaluationContext
from streams.engine.decisions.lead_table import OPEN_STATUSES
from streams.engine.partition.checkpoint import PartitionStatus
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.releases.compiled_campaigns import CompiledCampaign
from streams.engine.state.contact import Contact, Lead
from streams.engine.state.points import points_at


@dataclass(frozen=True, slots=True)
class ContactView:
    """One contact at the instant `now` (ms)."""

    contact: Contact
    now: int

    def evaluation_context(self, campaign: str = "") -> EvaluationContext:
        """Returns the context for a condition; `campaign` names the campaign of a rule, empty for a segment."""
        lead = self.contact.leads.get(campaign)
        return EvaluationContext(self.contact, self.now, lead, lead.points if lead is not None else 0)


def build_view(contact: Contact, release: CompiledRelease, now: int) -> ContactView:
    """Returns the contact at `now` (ms), with a copy of its leads; `contact` itself does not change."""
    leads = {name: _with_decay(lead, release.campaigns_by_id.get(name), now) for name, lead in contact.leads.items()}
    return ContactView(msgspec.structs.replace(contact, leads=leads), now)


def settled_instant(contact: Contact, partition_status: PartitionStatus) -> int:
    """Returns the latest instant (ms) that the row is settled for. A tick T closes only the instants before T."""
    clock = max(contact.clock, partition_status.clock_of(contact.account, contact.clock) - 1)
    return clock if contact.due is None or contact.due > clock else contact.due - 1


def _with_decay(lead: Lead, campaign: CompiledCampaign | None, now: int) -> Lead:
    half_life = campaign.definition.half_life if campaign is not None else None
    if half_life is None or lead.status not in OPEN_STATUSES:
        return lead
    return msgspec.structs.replace(lead, points=points_at(lead.points, lead.decayed, now, half_life), decayed=now)

"""Records of `lead-changes` and `leads`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from schemas.definitions import LeadStatus
from schemas.outputs.base import ContactOutputRecord
from schemas.values import Instant, Slug


class LeadStatusChanged(ContactOutputRecord):
    """One step of a lead's status; `from` is null for a lead that is made."""

    type: Literal["lead.status_changed"]
    campaign: Slug
    """The id of the campaign."""
    from_: LeadStatus | None = Field(alias="from")
    """The status before; null for a lead that is made."""
    to: LeadStatus
    """The status from now on."""
    points: float
    """The lead's points at that instant."""


class LeadPointsChanged(ContactOutputRecord):
    """Points were added or taken away; for campaigns that ask for it."""

    type: Literal["lead.points_changed"]
    campaign: Slug
    """The id of the campaign."""
    added: float
    """How many points were added; below 0 when some were taken away."""
    points: float
    """The lead's points from now on."""


class LeadRow(ContactOutputRecord):
    """The lead as it stands, under account/campaign/contact."""

    type: Literal["lead"]
    campaign: Slug
    """The id of the campaign."""
    status: LeadStatus
    """The lead's status."""
    points: float
    """The lead's points at `at`; points that decay are fewer by now."""
    made: Instant
    """When the lead began."""
    changed: Instant
    """When its status changed last."""
    crm: dict[str, Any] = {}
    """From the CRM's results: record, member, outcome, and the last hand-over with a result. Where the mapping has
    `updates`, also the instants of the last hand-over (`handed_over`) and of one kept back after that (`kept_back`).
    """

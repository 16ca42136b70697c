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
    from_: LeadStatus | None = Field(alias="from")
    to: LeadStatus
    points: float


class LeadPointsChanged(ContactOutputRecord):
    """Points were added or taken away; for campaigns that ask for it."""

    type: Literal["lead.points_changed"]
    campaign: Slug
    added: float
    points: float


class LeadRow(ContactOutputRecord):
    """The lead as it stands, under account/campaign/contact."""

    type: Literal["lead"]
    campaign: Slug
    status: LeadStatus
    points: float
    made: Instant
    changed: Instant
    crm: dict[str, Any] = {}
    """From the CRM's results: record, member, outcome, and the last hand-over with a result."""

"""Leads as the read side shows them."""

from __future__ import annotations

from typing import Any

from schemas.definitions import LeadStatus
from schemas.values import Slug
from schemas.views.base import InstantText, PageCursor, ViewModel


class LeadEntry(ViewModel):
    """A lead as its row of `leads` has it; points are those of the lead's last record."""

    contact: str
    campaign: Slug
    status: LeadStatus
    points: float
    made: InstantText
    changed: InstantText
    crm: dict[str, Any] = {}
    """From the CRM's results: record, member, outcome, and the last hand-over with a result."""


class LeadPage(ViewModel):
    """Leads of a campaign in one status, by the instant of their last change."""

    campaign: Slug
    status: LeadStatus
    total: int
    """How many leads there are in this status."""
    leads: list[LeadEntry]
    next: PageCursor | None
    """Null on the last page."""

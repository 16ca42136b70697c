"""Campaigns with leads, funnel, points and revenue as the read side shows them."""

from __future__ import annotations

from pydantic import Field

from schemas.definitions import LeadStatus
from schemas.outputs.revenue import Sum
from schemas.values import Slug
from schemas.views.base import ViewModel


class CampaignFunnel(ViewModel):
    """How far the leads of a campaign came."""

    campaign: Slug
    statuses: dict[LeadStatus, int]
    """Leads by their status now; every status is there."""
    handed_over: int
    """Leads that have a record in the CRM."""
    open: int
    """Leads whose opportunities' outcome is open."""
    won: int
    lost: int


class PointsBand(ViewModel):
    """Leads with points from `least` (inclusive) to `below` (exclusive); null is without a bound."""

    least: float | None
    below: float | None
    leads: int


class PointsDistribution(ViewModel):
    """Leads of a campaign that are not deleted, by points as of their last record."""

    campaign: Slug
    leads: int
    bands: list[PointsBand]


class RevenueEntry(ViewModel):
    """What a campaign earned in one currency; amounts are exact decimal text."""

    campaign: Slug
    currency: str = Field(examples=["EUR"])
    won: Sum
    open: Sum
    lost: Sum

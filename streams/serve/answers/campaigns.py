"""Campaigns as they are defined, with what became of them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from schemas.definitions import Campaign, LeadStatus
from schemas.values import Slug
from schemas.views.base import ViewModel
from schemas.views.campaigns import CampaignFunnel, PointsDistribution, RevenueEntry


class CampaignOverview(ViewModel):
    """A campaign of the definitions in force with its leads and its revenue."""

    campaign: Slug
    name: str
    """Empty where the definitions give none."""
    description: str
    paused: bool
    audience: list[str]
    """The segments whose members become leads."""
    period: dict[str, str] | None = Field(examples=[{"from": "2026-03-01", "to": "2026-06-01"}])
    """From its first day to the day after its last one; null for a campaign without one."""
    statuses: dict[LeadStatus, int]
    handed_over: int
    """Leads that have a record in the CRM."""
    revenue: list[RevenueEntry]
    """By currency; empty where no opportunity is known."""
    defined: bool = True
    """False for a campaign that the definitions have no more; its revenue stays."""


class CampaignList(ViewModel):
    """All campaigns of an account, in the order of their definitions."""

    release: int
    """The number of the release that defines them; 0 where there is none."""
    campaigns: list[CampaignOverview]


class CampaignDetails(CampaignOverview):
    """A campaign with funnel and points."""

    release: int
    funnel: CampaignFunnel
    points: PointsDistribution
    definition: dict[str, Any]
    """As it was applied: scoring, automation and all."""


def campaign_overview(
    name: Slug, definition: Campaign | None, funnel: CampaignFunnel, revenue: list[RevenueEntry]
) -> dict[str, Any]:
    """The fields of a `CampaignOverview`."""
    period = None
    if definition is not None and definition.period is not None:
        days = {"from": definition.period.from_, "to": definition.period.to}
        period = {key: day.isoformat() for key, day in days.items() if day is not None}
    return {
        "campaign": name,
        "name": definition.name if definition else "",
        "description": definition.description if definition else "",
        "paused": bool(definition and definition.paused),
        "audience": list(definition.audience) if definition else [],
        "period": period,
        "statuses": funnel.statuses,
        "handed_over": funnel.handed_over,
        "revenue": revenue,
        "defined": definition is not None,
    }

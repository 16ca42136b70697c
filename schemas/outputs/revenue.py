"""Records of `campaign-revenue`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.outputs.base import OutputModel, OutputRecord
from schemas.values import Slug


class Sum(OutputModel):
    """How many opportunities, and how much money as exact decimal text."""

    count: int = Field(ge=0)
    """How many opportunities."""
    amount: str = Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")
    """The sum of their amounts, as exact decimal text."""


class CampaignRevenue(OutputRecord):
    """What a campaign earned in one currency, under account/campaign/currency."""

    type: Literal["campaign.revenue"]
    campaign: Slug
    """The id of the campaign."""
    currency: str
    """The currency of all amounts of the row, as ISO 4217 writes it."""
    won: Sum
    """Opportunities that were won."""
    lost: Sum
    """Opportunities that were lost."""
    open: Sum
    """Opportunities that are still open."""

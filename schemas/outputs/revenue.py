"""Records of `campaign-revenue`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.outputs.base import OutputModel, OutputRecord
from schemas.values import Slug


class Sum(OutputModel):
    """How many opportunities, and how much money as exact decimal text."""

    count: int = Field(ge=0)
    amount: str = Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")


class CampaignRevenue(OutputRecord):
    """What a campaign earned in one currency, under account/campaign/currency."""

    type: Literal["campaign.revenue"]
    campaign: Slug
    currency: str
    won: Sum
    lost: Sum
    open: Sum

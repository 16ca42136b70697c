"""Records of `campaign-revenue`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.outputs.base import Output, Record
from schemas.values import Slug


class Sum(Record):
    """How many opportunities, and how much money as exact decimal text."""

    count: int = Field(ge=0)
    amount: str = Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")


class CampaignRevenue(Output):
    """What a campaign earned in one currency, under account/campaign/currency."""

    type: Literal["campaign.revenue"]
    campaign: Slug
    currency: str
    won: Sum
    lost: Sum
    open: Sum

"""Events of the topic `crm-opportunities`: opportunities as the CRM has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AliasChoices, Field

from schemas.events.base import EventInstant, InputEvent, LongText, ShortText
from schemas.values import ContactId, Slug

Amount = Annotated[Decimal, Field(strict=False, allow_inf_nan=False, max_digits=30)]
"""Exact; written as decimal text so that no reader rounds it."""


class OpportunityChanged(InputEvent):
    """The whole row of an opportunity; the later `modified` wins, then the higher `version`."""

    type: Literal["opportunity.changed"]
    opportunity: ContactId | None = None
    modified: EventInstant
    """The CRM's own modification stamp."""
    version: int = Field(0, ge=0)
    """Running number given by the connector."""
    name: LongText | None = None
    stage: ShortText | None = None
    won: bool = False
    closed: bool = False
    deleted: bool = False
    amount: Amount | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    close_date: ShortText | None = None
    campaign: Slug | None = Field(None, validation_alias=AliasChoices("lead_campaign", "campaign"))
    """The campaign of ours of the lead that it came from."""
    crm_campaign: ShortText | None = None
    """The CRM's campaign that it belongs to."""
    contact: ContactId | None = None
    """The contact of ours that it came from, by the external id of the converted record."""
    crm_record: ShortText | None = None

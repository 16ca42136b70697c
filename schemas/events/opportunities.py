"""Events of the topic `crm-opportunities`: opportunities as the CRM has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AliasChoices, Field

from schemas.events.base import EventInstant, InputEvent, LongText, ShortText
from schemas.values import ContactId, Slug

Amount = Annotated[Decimal, Field(strict=False, allow_inf_nan=False, max_digits=30)]
"""An exact number, written as decimal text so that no reader rounds it."""

OpportunityAttribution = Literal["campaign", "lead", "contact_role"]
"""The CRM's campaign that a definition names, the converted lead, or a contact role of the opportunity."""


class OpportunityChanged(InputEvent):
    """The whole row of an opportunity; the later `modified` wins, then the higher `version`."""

    type: Literal["opportunity.changed"]
    opportunity: ContactId | None = None
    modified: EventInstant
    """The CRM's own modification stamp."""
    version: int = Field(0, ge=0)
    """The running number from the connector."""
    name: LongText | None = None
    stage: ShortText | None = None
    won: bool = False
    closed: bool = False
    deleted: bool = False
    amount: Amount | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    close_date: ShortText | None = None
    campaign: Slug | None = Field(None, validation_alias=AliasChoices("lead_campaign", "campaign"))
    """Our campaign of the lead that was converted into the opportunity."""
    crm_campaign: ShortText | None = None
    """The CRM's id of the campaign that the opportunity belongs to."""
    contact: ContactId | None = None
    """Our contact, from the external id of the converted record."""
    crm_record: ShortText | None = None
    origin: OpportunityAttribution | None = None
    """By what the account owns the opportunity; None when by nothing any more: it was kept before."""
    released: bool = False
    """Whether another account owns the opportunity now: it counts for nothing in this one."""

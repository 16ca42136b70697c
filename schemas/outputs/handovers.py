"""Records of `qualified-leads`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.definitions import CampaignSalesforce, ContactStatus, LeadStatus
from schemas.outputs.base import ContactOutputRecord, OutputModel
from schemas.values import Instant, Slug


class HandedOverCampaign(OutputModel):
    """The campaign, with the CRM's campaign that it stands for."""

    id: Slug
    name: str
    salesforce: CampaignSalesforce | None = None


class HandedOverLead(OutputModel):
    """The lead as it was then: when it became qualified, or when the rule of a notice was done with it."""

    status: LeadStatus
    points: float
    made: Instant
    record: str | None = None
    """The id of the contact's record in the CRM, from the result of an earlier hand-over."""


class ContactSnapshot(OutputModel):
    """The contact as it was then."""

    status: ContactStatus
    properties: dict[str, Any] = {}
    score: float = 0
    scores: dict[str, float] = {}


class LeadHandedOver(ContactOutputRecord):
    """A lead became qualified: all that a CRM needs to know."""

    type: Literal["lead.handed_over"]
    campaign: HandedOverCampaign
    lead: HandedOverLead
    points: float
    snapshot: ContactSnapshot
    do_not_sync: bool = False
    """Whether the account's condition `do_not_sync` held: the contact is not handed over to Salesforce then."""


class LeadUpdated(ContactOutputRecord):
    """Something happened to a lead after its hand-over that the account's mapping has an update for."""

    type: Literal["lead.updated"]
    campaign: HandedOverCampaign
    lead: HandedOverLead
    """As it is now, whatever its status."""
    occasions: list[Annotated[str, Field(pattern=r"^(lead\.rejected|contact\.status|property/.+)$")]]
    """What happened, in the order of the mapping: `lead.rejected`, `contact.status`, `property/NAME`.

    None where it only says whether `do_not_sync` holds after a change of what that condition looks at.
    """
    snapshot: ContactSnapshot
    do_not_sync: bool = False
    """Whether the account's condition `do_not_sync` held then, and nothing goes out to the CRM."""
    opted_out: bool = False
    """Whether `do_not_sync` held then, and the CRM is told of that; what waits of before is not handed over."""

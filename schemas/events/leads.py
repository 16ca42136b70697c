"""Events of the topic `lead-commands`: manual decisions about a lead."""

from __future__ import annotations

from typing import Literal

from schemas.events.base import ContactEvent, ShortText
from schemas.values import Slug


class LeadCommand(ContactEvent):
    """Fields that all lead commands share: the lead's campaign and who decided."""

    campaign: Slug
    by: ShortText | None = None


class LeadAdded(LeadCommand):
    """Makes a lead; `acquired: true` says that an acquisition brought the contact (again)."""

    type: Literal["lead.added"]
    acquired: bool = False


class LeadQualified(LeadCommand):
    """The lead is ready for the CRM."""

    type: Literal["lead.qualified"]


class LeadRejected(LeadCommand):
    """The lead is not wanted."""

    type: Literal["lead.rejected"]


class LeadRemoved(LeadCommand):
    """The lead is taken out of the campaign: status `deleted`."""

    type: Literal["lead.removed"]


class LeadReactivated(LeadCommand):
    """The lead is `active` again."""

    type: Literal["lead.reactivated"]

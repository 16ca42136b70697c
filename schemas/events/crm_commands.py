"""Records of the topic `crm-commands`: what people want of the hand-overs to Salesforce.

The topic is compacted: a retry stands under `retry`/account/contact/campaign until it is answered, a pause under
`pause` or `pause`/account until somebody resumes; a tombstone ends both.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.events.base import AccountId, EventInstant, ShortText
from schemas.values import ContactId, Slug


class CrmCommand(BaseModel):
    """Fields that both share: who wants it, and since when."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, defer_build=True)

    by: ShortText | None = None
    at: EventInstant


class CrmRetryRequested(CrmCommand):
    """A hand-over that was refused is to be tried again."""

    type: Literal["crm.retry_requested"]
    account: AccountId
    contact: ContactId
    campaign: Slug
    retry: Annotated[int, Field(ge=1)]
    """Which retry of the hand-over it is; it enters the id of the result."""
    partition: Annotated[int, Field(ge=0)]
    """The partition of `qualified-leads` that the hand-over stands in; whoever owns it performs the retry."""
    hand_over: dict[str, Any]
    """The newest hand-over of the lead, as it stands on `qualified-leads`."""


class CrmPaused(CrmCommand):
    """Hand-overs wait on `qualified-leads`: those of one account, or all."""

    type: Literal["crm.paused"]
    account: Slug | None = None
    """The account; None for all."""

"""Events of the topic `crm-results`: what the CRM said to each hand-over.

The `id` is made from the hand-over and the kind of result, never from the attempt, so that a repeat changes nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.events.base import ContactEvent, LongText, ShortText
from schemas.values import Slug

Outcome = Literal["open", "won", "lost", "deleted"]
HandOverNumber = Annotated[tuple[int, int, int], Field(strict=False)]
"""Journal partition, offset and ordinal of the hand-over answered; rising per contact."""


class CrmResult(ContactEvent):
    """The lead (by its campaign) and the hand-over that is answered."""

    campaign: Slug
    hand_over: ShortText | None = None
    number: HandOverNumber | None = None


class CrmLinked(CrmResult):
    """The CRM has the lead: its record there, and its membership of the CRM's campaign."""

    type: Literal["crm.linked"]
    record: ShortText
    member: ShortText | None = None


class CrmFailed(CrmResult):
    """The CRM refused for good; `deleted_in_crm` says that somebody deleted the record there."""

    type: Literal["crm.failed"]
    code: ShortText
    message: LongText = ""
    record: ShortText | None = None


class CrmOutcome(CrmResult):
    """What became of the lead's opportunity. The amount is decimal text."""

    type: Literal["crm.outcome"]
    outcome: Outcome
    opportunity: ShortText
    amount: ShortText | None = None
    currency: ShortText | None = None

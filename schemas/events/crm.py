"""Events of the topic `crm-results`: the CRM's result of each hand-over.

The `id` depends on the hand-over and the kind of result, never on the attempt, so that a repeat changes nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.events.base import ContactEvent, LongText, ShortText
from schemas.outputs.base import Cause, Number, OutputModel
from schemas.values import AsTuple, Slug

OutcomeStatus = Literal["open", "won", "lost", "deleted"]


def _number_tuple(value: object) -> object:
    if isinstance(value, dict):
        return tuple(value.get(name) for name in ("partition", "offset", "ordinal"))
    return tuple(value) if isinstance(value, list) else value


HandOverNumber = Annotated[
    tuple[int, int, int],
    BeforeValidator(
        _number_tuple, json_schema_input_type=Annotated[list[int], Field(min_length=3, max_length=3)] | Number
    ),
]
"""Journal partition, offset and ordinal of the hand-over; rises per contact. A list, or an object as in outputs."""


RetryNumber = Annotated[int, Field(ge=1, le=1_000_000_000)]
"""Of a hand-over that was repeated by hand: which repeat it was. Of two answers the one with the larger is newer."""


class CrmResult(ContactEvent):
    """Fields that all results share: the lead's campaign and the hand-over that the result belongs to."""

    campaign: Slug
    hand_over: ShortText | None = None
    number: HandOverNumber | None = None


class CrmAnswer(CrmResult):
    """Fields that the answers share: to a hand-over, or with `update: true` to a later `lead.updated` of the lead.

    What an update comes to says nothing of the hand-over before it, which stands as it was answered.
    """

    retry: RetryNumber | None = None
    update: bool = False


class CrmFieldNote(BaseModel):
    """A value that was cut to fit its field of the CRM, or left out, and why; never the value itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    field: ShortText
    note: Literal["cut", "left_out"]
    reason: LongText


class CrmLinked(CrmAnswer):
    """The CRM has the lead: its record there, and its membership of the CRM's campaign."""

    type: Literal["crm.linked"]
    record: ShortText
    member: ShortText | None = None
    notes: Annotated[tuple[CrmFieldNote, ...], AsTuple] = ()
    """Which values were cut or left out."""


class CrmFailed(CrmAnswer):
    """The CRM refused for good; `deleted_in_crm` says that somebody deleted the record there."""

    type: Literal["crm.failed"]
    code: ShortText
    message: LongText = ""
    record: ShortText | None = None


class OpportunityState(OutputModel):
    """One opportunity as it stands; `deleted` also where it went to another lead. The amount is decimal text."""

    outcome: OutcomeStatus
    amount: ShortText | None = None
    currency: ShortText | None = None


class CrmOutcome(CrmResult):
    """What became of the lead's opportunities together. Amounts are decimal text.

    Where there is a `cause`, as the ledger writes it, `number` is the event's own and not that of a hand-over.
    """

    type: Literal["crm.outcome"]
    outcome: OutcomeStatus
    opportunity: ShortText
    """The opportunity whose change caused the event."""
    amount: ShortText | None = None
    currency: ShortText | None = None
    amounts: dict[ShortText, ShortText] = {}
    """By currency, where the lead's opportunities with that outcome have several."""
    opportunity_state: OpportunityState | None = None
    """What became of the one opportunity."""
    cause: Cause | None = None

"""Commands and events that are taken, and the answer that says where they went."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.events.base import DEFAULT_ACCOUNT, ShortText
from schemas.values import ContactId, Slug
from schemas.views.base import ViewModel

MAX_CONTACTS = 1_000

_ContactIdText = Annotated[
    ContactId, Field(json_schema_extra={"pattern": r"^[^\u0000-\u001f\u007f-\u009f]+$"}, examples=["ada"])
]
_By = Annotated[ShortText, Field(examples=["grace"])]


class ManualDecision(BaseModel):
    """What lead commands and list commands share."""

    model_config = ConfigDict(extra="forbid", strict=True)

    account: Slug = DEFAULT_ACCOUNT
    contacts: Annotated[list[_ContactIdText], Field(min_length=1, max_length=MAX_CONTACTS)]
    """Whom it is about; one event goes out for each."""
    by: _By | None = None
    """Who decided; it stands in the event."""


class LeadDecision(ManualDecision):
    """A decision about the leads of a campaign."""

    campaign: Annotated[Slug, Field(examples=["spring-trial"])]


class ListDecision(ManualDecision):
    """A decision about the list of a static segment."""

    segment: Annotated[Slug, Field(examples=["vip"])]


class EventPosition(ViewModel):
    """Where an event is."""

    contact: str | None
    """Whose it is; null for an event of an opportunity."""
    topic: str
    """Without the deployment's prefix."""
    partition: int
    offset: int


class WrittenEvents(ViewModel):
    """Every in-sync replica has the events; what cannot be done with one becomes a dead letter."""

    id: str
    """The id of the events: the `Idempotency-Key`, or one that was made."""
    type: str
    events: list[EventPosition]


EventBody = dict[str, Any]
"""An event as `leadstream publish` takes it."""

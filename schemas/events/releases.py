"""Events of the topic `definitions`: releases, which also occur within files of events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.events.base import AccountId, EventId, EventInstant


class DefinitionsApplied(BaseModel):
    """One account's whole definitions, as written; void unless `based_on` is the account's latest release."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, defer_build=True)

    type: Literal["definitions.applied"]
    id: EventId | None = None
    account: AccountId | None = None
    based_on: Annotated[int, Field(ge=0)] = 0
    """The number of the release before this one; 0 for the first of an account."""
    at: EventInstant | None = None
    definitions: dict[str, Any]

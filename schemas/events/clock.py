"""Events of the topic `clock`, which also occur in files of events."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.events.base import DEFAULT_ACCOUNT, AccountId, EventInstant


class ClockAdvanced(BaseModel):
    """Every instant of the account before `at` is over once the journal holds all in-topics up to `ends`."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, defer_build=True)

    type: Literal["clock.advanced"]
    id: str | None = None
    account: AccountId = DEFAULT_ACCOUNT
    at: EventInstant
    ends: dict[str, Annotated[int, Field(ge=0)]] = {}
    """`topic:partition` (without prefix) of every in-topic -> its end offset."""

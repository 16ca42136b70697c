"""Fields that all events share: id, account, at, contact."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from schemas.values import ContactId, Instant, Slug

DEFAULT_ACCOUNT = "default"
EARLIEST = -2_208_988_800_000
"""1900-01-01T00:00:00Z in ms; an earlier `at` is refused as an error."""
LATEST = 32_503_680_000_000
"""3000-01-01T00:00:00Z in ms; any window added to an earlier instant stays within the calendar."""


def _default_account(value: object) -> object:
    return DEFAULT_ACCOUNT if value is None else value


def check_calendar_range(at: int) -> int:
    """The instant (ms), which lies where every calendar computes. Raises ValueError."""
    if not EARLIEST <= at < LATEST:
        raise ValueError("an instant lies between the years 1900 and 2999")
    return at


AccountId = Annotated[Slug, BeforeValidator(_default_account)]
"""A slug; `default` where the account is missing or null."""

EventId = Annotated[str, Field(min_length=1, max_length=255)]
"""The id from the producer; a repeated id of the same contact changes nothing."""

EventInstant = Annotated[Instant, AfterValidator(check_calendar_range)]
"""When the event happened: RFC 3339, cut to milliseconds."""

ShortText = Annotated[str, Field(max_length=1_000)]
LongText = Annotated[str, Field(max_length=20_000)]


class InputEvent(BaseModel):
    """Base of the models of incoming events; unknown fields are ignored (SPEC section 2)."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, populate_by_name=True, defer_build=True)

    id: EventId
    account: AccountId = DEFAULT_ACCOUNT
    at: EventInstant


class ContactEvent(InputEvent):
    """Base of events of one contact; where `contact` is missing, the record's key is the contact."""

    contact: ContactId | None = None

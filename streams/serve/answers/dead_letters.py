"""Dead letters as they are listed, shown and sent again."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.views.base import InstantText, PageCursor, ViewModel

LETTER_PATTERN = r"^[0-9]{1,9}:[0-9]{1,18}$"


class LetterSource(ViewModel):
    """Where the refused record stands; the topic is without the deployment's prefix."""

    topic: str
    partition: int
    offset: int


class RetrySign(ViewModel):
    """That a letter was sent again."""

    at: InstantText
    id: str
    """The id of the event that was sent."""
    edited: bool


class LetterSummary(ViewModel):
    """One dead letter."""

    letter: Annotated[str, Field(pattern=LETTER_PATTERN, examples=["0:41"])]
    """Partition and offset in `dead-letters`."""
    at: InstantText
    """When it was written."""
    code: str
    message: str
    source: LetterSource | None
    """Null for a record that no Leadstream wrote."""
    account: str | None
    contact: str | None
    key: str | None
    event: dict[str, Any] | None = None
    """What was refused; null where it is no JSON object."""
    value: str | None = None
    """What was refused as text, where it is no JSON object."""
    headers: dict[str, str | None]
    """Of the refused record."""
    retried: RetrySign | None
    """Null for a letter that was not sent again."""


class LetterList(ViewModel):
    """A page of letters, the newest last; the counts are of all that fit, on whichever page they are."""

    count: int
    retried: int
    by_code: dict[str, int]
    letters: list[LetterSummary]
    next: PageCursor | None
    """For the page of older ones; null where this one has the oldest."""


class LetterDetails(LetterSummary):
    """A letter with what can be done about it."""

    meaning: str | None
    """What the code means; null for one that this version does not know."""
    advice: str
    hindrance: str | None
    """Why it would not be taken as it is; null where it would."""


class LetterRetry(BaseModel):
    """How to send a letter again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    event: dict[str, Any] | None = None
    """The event as it should be; as it was refused where this is null."""


class RetryAnswer(ViewModel):
    """What became of it."""

    sent: bool
    """False for a letter that was sent again before."""
    id: str | None
    """The id of the event; made of the letter and the edit, so that a repeat changes nothing."""

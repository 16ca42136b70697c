"""What every output carries: id, when it became true, its number, and why."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.values import ContactId, Instant, Slug

CauseKind = Literal["event", "clock", "definition", "command", "cascade", "automation", "audience", "merge", "crm"]


class OutputModel(BaseModel):
    """A record that goes out; readers pass over fields they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, strict=True)


class Number(OutputModel):
    """Rising per contact: journal partition, offset of the record decided, ordinal among its outputs."""

    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    ordinal: int = Field(ge=0)


class Cause(OutputModel):
    """Why something became true; what does not apply is left out."""

    kind: CauseKind
    event: str | None = None
    """The id of the causing event."""
    release: int | None = None
    """The release that decided."""
    rule: str | None = None
    late: bool = False
    """A late event corrected the past."""
    leaves: list[dict[str, Any]] = []
    """For a segment change: the leaves of the condition that decided."""


class OutputRecord(OutputModel):
    """What every output carries. `id` is deterministic: a hash of account, contact, kind, subject, at and cause."""

    id: Annotated[str, Field(min_length=1)]
    account: Slug
    at: Instant
    number: Number
    cause: Cause
    emitted_at: Instant | None = None
    """When it was written; not part of the truth, and missing where nothing was written to Kafka."""


class ContactOutputRecord(OutputRecord):
    """An output that speaks of one contact."""

    contact: ContactId

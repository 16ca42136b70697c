"""Fields that all outputs share: id, account, at, number, cause, emitted_at."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.values import ContactId, Instant, Slug

CauseKind = Literal["event", "clock", "definition", "command", "cascade", "automation", "audience", "merge", "crm"]


class OutputModel(BaseModel):
    """Base of the models of outputs; unknown fields are ignored (SPEC section 2)."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, strict=True, defer_build=True)


class Number(OutputModel):
    """Rising per contact: journal partition, offset of the record decided, ordinal among its outputs."""

    partition: int = Field(ge=0)
    """The journal partition; a contact stays in one."""
    offset: int = Field(ge=0)
    """The offset of the journal record that was decided."""
    ordinal: int = Field(ge=0)
    """The place among the outputs of that record."""


class Cause(OutputModel):
    """Why something became true; what does not apply is left out."""

    kind: CauseKind
    """What kind of thing caused it."""
    event: str | None = None
    """The id of the event that caused it."""
    release: int | None = None
    """The number of the release under which it was decided."""
    rule: str | None = None
    """The id of the campaign's rule that acted."""
    late: bool = False
    """True when a late event corrected the past."""
    by: str | None = None
    """Of a command: who gave it, where the command says so."""
    leaves: list[dict[str, Any]] = []
    """For a segment change: the leaves of the condition that decided it."""


class OutputRecord(OutputModel):
    """Fields that all outputs share; `id` is a hash of account, contact, type, subject, at, cause (SPEC 2)."""

    id: Annotated[str, Field(min_length=1)]
    """The same whenever the same thing is decided again."""
    account: Slug
    """The tenant; `default` where the event names none."""
    at: Instant
    """When it became true."""
    number: Number
    """Rising per contact: of two records the one with the larger number is the newer one."""
    cause: Cause
    """Why it became true."""
    emitted_at: Instant | None = None
    """When it was written to Kafka. Not part of the decision, and missing in a replay."""


class ContactOutputRecord(OutputRecord):
    """Base of outputs about one contact."""

    contact: ContactId
    """The id of the contact."""

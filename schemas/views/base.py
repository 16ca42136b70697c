"""What all answers of the read side share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class ViewModel(BaseModel):
    """Base of the answers; immutable."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, defer_build=True)


InstantText = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-03-01T09:30:00.000Z"])]
"""An instant as RFC 3339 text in UTC with milliseconds, as outputs have it."""

PageCursor = Annotated[str, Field(max_length=2_000)]
"""Where a page ends; opaque. Passed back, it gives the next page, whatever changed in between."""

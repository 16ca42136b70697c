"""Events of the topic `scoring-events`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.events.base import ContactEvent, LongText, ShortText
from schemas.values import Points, Slug


class ScoreAdjusted(ContactEvent):
    """Points for a lead (`campaign`), a named score (`score`), or the contact's own score and its leads."""

    type: Literal["score.adjusted"]
    points: Points
    campaign: Slug | None = None
    score: Annotated[ShortText, Field(min_length=1)] | None = None
    reason: LongText | None = None

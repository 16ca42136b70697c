"""Events of the topic `scoring-events`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.events.base import ContactEvent, LongText, ShortText
from schemas.values import Slug

MOST_POINTS = 1_000_000_000

Points = Annotated[float, Field(ge=-MOST_POINTS, le=MOST_POINTS, allow_inf_nan=False)]
"""Added or taken away; kept to 0.000001."""


class ScoreAdjusted(ContactEvent):
    """Points for a lead (`campaign`), a named score (`score`), or the contact's own score and its leads."""

    type: Literal["score.adjusted"]
    points: Points
    campaign: Slug | None = None
    score: Annotated[ShortText, Field(min_length=1)] | None = None
    reason: LongText | None = None

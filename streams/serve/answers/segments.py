"""Segments as they are defined, with their sizes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from schemas.definitions import Segment
from schemas.values import Slug
from schemas.views.base import ViewModel


class SegmentOverview(ViewModel):
    """A segment of the definitions in force, and how many members it has."""

    segment: Slug
    name: str
    """Empty where the definitions give none."""
    description: str
    kind: Literal["static", "dynamic"]
    """A list kept by hand, or whoever meets the condition."""
    paused: bool
    members: int
    defined: bool = True
    """False for a segment that the definitions have no more while its members leave."""

    @classmethod
    def from_definition(cls, segment: Segment, members: int) -> SegmentOverview:
        """The overview of a segment."""
        return cls(
            segment=segment.id,
            name=segment.name,
            description=segment.description,
            kind="dynamic" if segment.dynamic else "static",
            paused=segment.paused,
            members=members,
        )


class SegmentList(ViewModel):
    """All segments of an account, in the order of their definitions."""

    release: int
    """The number of the release that defines them; 0 where there is none."""
    segments: list[SegmentOverview]


class SegmentDetails(SegmentOverview):
    """A segment with its condition."""

    release: int
    statuses: list[str]
    """Contacts in these statuses can be members."""
    when: dict[str, Any] | None = Field(examples=[{"property": "country", "in": ["DE", "FR"]}])
    """The condition as it was applied; null for a static segment."""

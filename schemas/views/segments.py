"""Segments with their sizes and members as the read side shows them."""

from __future__ import annotations

from typing import Literal

from schemas.values import Slug
from schemas.views.base import InstantText, PageCursor, ViewModel

SizeStep = Literal["minute", "hour"]
"""The length of one step of a size over time."""


class SegmentSize(ViewModel):
    """A segment that has or had members, and how many it has."""

    segment: Slug
    members: int


class MemberEntry(ViewModel):
    """A member, and since when."""

    contact: str
    since: InstantText


class MemberPage(ViewModel):
    """Members of a segment in the order in which they entered; those of one instant by id."""

    segment: Slug
    total: int
    """How many members the segment has."""
    members: list[MemberEntry]
    next: PageCursor | None
    """Null on the last page."""


class SizePoint(ViewModel):
    """A step of a size over time; contacts that came and went within it are in both counts."""

    at: InstantText
    """The beginning of the step."""
    entered: int
    exited: int
    size: int
    """Members at the end of the step."""


class SizeHistory(ViewModel):
    """The size of a segment over time: only the steps in which it changed, oldest first."""

    segment: Slug
    step: SizeStep
    members: int
    """Members now."""
    points: list[SizePoint]
    since: InstantText | None
    """Changes before this instant are not known; null where nothing was ever cut off."""

"""Records of `segment-changes` and `segment-members`."""

from __future__ import annotations

from typing import Literal

from schemas.outputs.base import ContactOutputRecord
from schemas.values import Instant, Slug


class SegmentEntered(ContactOutputRecord):
    """The contact became a member."""

    type: Literal["segment.entered"]
    segment: Slug
    """The id of the segment."""


class SegmentExited(ContactOutputRecord):
    """The contact is a member no more."""

    type: Literal["segment.exited"]
    segment: Slug
    """The id of the segment."""


class SegmentMember(ContactOutputRecord):
    """A row of the table of members, under account/segment/contact; null when out."""

    type: Literal["segment.member"]
    segment: Slug
    """The id of the segment."""
    since: Instant
    """When the contact entered."""

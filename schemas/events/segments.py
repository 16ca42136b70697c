"""Events of the topic `segment-commands`: manual changes of static segments."""

from __future__ import annotations

from typing import Literal

from schemas.events.base import ContactEvent, ShortText
from schemas.values import Slug


class SegmentCommand(ContactEvent):
    """Fields that both commands share: the static segment and who decided."""

    segment: Slug
    by: ShortText | None = None


class SegmentMemberAdded(SegmentCommand):
    """The contact is listed."""

    type: Literal["segment.member_added"]


class SegmentMemberRemoved(SegmentCommand):
    """The contact is listed no more."""

    type: Literal["segment.member_removed"]

"""Events of the topic `web-visits`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.events.base import ContactEvent, LongText, ShortText


class ActivityEvent(ContactEvent):
    """Fields that visits and other activities share; `visitor: true` makes `contact` an anonymous visitor."""

    visitor: bool = False
    url: LongText | None = None
    title: LongText | None = None
    referrer: LongText | None = None
    campaign: ShortText | None = None
    properties: dict[str, Any] = {}


class WebVisited(ActivityEvent):
    """A page was seen; `campaign` is the token of a campaign (its id). Its name is `visit` unless it brings one."""

    type: Literal["web.visited"]
    name: ShortText | None = None


class ActivityRecorded(ActivityEvent):
    """Any other behaviour, such as a form, an email click or a purchase, under a `name`."""

    type: Literal["activity.recorded"]
    name: Annotated[ShortText, Field(min_length=1)]

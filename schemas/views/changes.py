"""Changes and timelines as the read side shows them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from schemas.views.base import InstantText, ViewModel

FeedPosition = Annotated[str, Field(pattern=r"^[0-9]{1,16}-[0-9]{1,16}$", examples=["1772357400000-0"])]
"""The place of a change in a feed of changes; rises. Fit for an event id of server-sent events."""


class ChangeEntry(ViewModel):
    """One output as it was written: a record of `segment-changes`, `lead-changes` or `crm-results`."""

    position: FeedPosition
    record: dict[str, Any]
    """With type, contact, segment or campaign, `at`, cause."""


class ChangeList(ViewModel):
    """Changes of an account, a segment or a campaign."""

    changes: list[ChangeEntry]
    last: FeedPosition | None
    """The feed's last position when this was read; null where the feed is empty."""
    missed: bool = False
    """Whether changes behind the position asked for may have been dropped: more came than are kept."""


class Timeline(ViewModel):
    """What happened to a contact, the latest first."""

    contact: str
    changes: list[dict[str, Any]]
    """Records of `segment-changes`, `lead-changes` and `crm-results` as they were written."""
    since: InstantText | None
    """Changes written before this instant are not known; null where nothing was cut off."""

"""Changes: the latest ones, and a stream of them as they come."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Collection
from functools import partial
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query, Response

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.views.changes import ChangeList
from streams.serve.context import Context, ServeContext
from streams.serve.live.event_stream import EventStream, StreamEvent
from streams.serve.live.sources import version_sources
from streams.serve.live.versions import VersionWatch, Watched
from streams.serve.parameters import AccountParam, CampaignQuery, LimitParam, SegmentQuery, faulty

router = APIRouter(tags=["changes"])

POSITION_PATTERN = r"^[0-9]{1,16}-[0-9]{1,16}$"
_POSITION = re.compile(POSITION_PATTERN[1:-1])
BATCH = 200
"""Changes that one read of Redis brings."""

AfterQuery = Annotated[
    str | None,
    Query(pattern=POSITION_PATTERN, description="Only those behind this position.", examples=["1772357400000-0"]),
]
StreamStart = Annotated[
    str | None,
    Query(
        pattern=POSITION_PATTERN,
        description="Begin behind this position; `Last-Event-ID` goes before it. Without either it begins now.",
        examples=["1772357400000-0"],
    ),
]
WatchQuery = Annotated[
    frozenset[Watched],
    Query(description="What to tell of, too, when it is to be read again.", examples=[["contacts"]]),
]
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        description="The position of the last change that was received; browsers send it by themselves.",
        examples=["1772357400000-0"],
    ),
]

_encode = msgspec.json.Encoder().encode


@router.get("/changes", summary="List the latest changes")
async def list_changes(
    context: Context,
    *,
    account: AccountParam = DEFAULT_ACCOUNT,
    segment: SegmentQuery = None,
    campaign: CampaignQuery = None,
    after: AfterQuery = None,
    limit: LimitParam = 100,
) -> ChangeList:
    """Of an account, a segment or a campaign, the latest one last; with `after` the first ones behind a position."""
    _require_one(segment, campaign)
    return await context.views.changes(account, segment=segment, campaign=campaign, after=after, limit=limit)


@router.get("/changes/stream", summary="Follow changes as they come", response_class=Response, response_model=None)
async def follow_changes(
    context: Context,
    *,
    account: AccountParam = DEFAULT_ACCOUNT,
    segment: SegmentQuery = None,
    campaign: CampaignQuery = None,
    after: StreamStart = None,
    watch: WatchQuery = frozenset(),
    last_event_id: LastEventId = None,
) -> EventStream:
    """Server-sent events without an end: `change` with a record of the out-topics and its position as id, `missed`
    where more changes came than are kept since the position asked for, and `updated` with the name and the version of
    what is watched: at the beginning, and whenever it is another one. A comment comes when nothing else does.
    """
    _require_one(segment, campaign)
    if last_event_id is not None and not _POSITION.fullmatch(last_event_id):
        raise faulty("header.Last-Event-ID", "no position of a change; leave it out to begin now")
    context.streams.require_room()
    start = last_event_id or after
    if start is None:
        # Now, and not when the answer begins: whoever has read the latest changes before misses none.
        latest = await context.views.changes(account, segment=segment, campaign=campaign, limit=1)
        start = latest.last or "0-0"
    else:
        # Whether the read models are there is told by the status, not in the middle of a stream.
        await context.views.changes(account, segment=segment, campaign=campaign, after=start, limit=1)
    open_batches = partial(_batches, context, account, segment=segment, campaign=campaign, start=start, watched=watch)
    return EventStream(context.streams, open_batches)


async def _batches(
    context: ServeContext,
    account: str,
    *,
    segment: str | None,
    campaign: str | None,
    start: str,
    watched: Collection[str],
) -> AsyncGenerator[list[StreamEvent], None]:
    async with VersionWatch(version_sources(context, account, watched)) as versions:
        async for changes in context.views.follow_changes(account, segment=segment, campaign=campaign, after=start):
            events = [
                StreamEvent("change", _encode(change.record).decode(), change.position) for change in changes.changes
            ]
            if changes.missed:
                events.insert(0, StreamEvent("missed", '{"after":' + _encode(start).decode() + "}"))
            if changes.changes:
                start = changes.changes[-1].position
            for name, version in versions.news().items():
                events.append(StreamEvent("updated", _encode({"watched": name, "version": version}).decode()))
            yield events


def _require_one(segment: str | None, campaign: str | None) -> None:
    if segment is not None and campaign is not None:
        raise faulty("query", "name a `segment` or a `campaign`, not both")

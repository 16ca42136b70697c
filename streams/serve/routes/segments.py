"""Segments: sizes, conditions, members."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.views.segments import MemberPage, SizeHistory, SizeStep
from streams.serve.answers.segments import SegmentDetails, SegmentList, SegmentOverview
from streams.serve.context import Context, ServeContext
from streams.serve.parameters import AccountParam, CursorParam, LimitParam, SegmentParam

router = APIRouter(tags=["segments"])

StepQuery = Annotated[SizeStep, Query(description="The length of a step.")]
NewestQuery = Annotated[bool, Query(description="Those that entered last first.")]


@router.get("/segments", summary="List the segments with their sizes")
async def list_segments(context: Context, account: AccountParam = DEFAULT_ACCOUNT) -> SegmentList:
    """In the order of the definitions in force; none where the account has no definitions yet."""
    release, sizes = await asyncio.gather(
        context.definitions.release_or_none(account), context.views.segments(account)
    )
    members = {size.segment: size.members for size in sizes}
    definitions = () if release is None else release.definitions.segments
    segments = [SegmentOverview.from_definition(each, members.pop(each.id, 0)) for each in definitions]
    segments += [_undefined(name, count) for name, count in members.items() if count]
    return SegmentList(release=0 if release is None else release.number, segments=segments)


@router.get("/segments/{segment}", summary="Show a segment")
async def show_segment(
    context: Context, segment: SegmentParam, account: AccountParam = DEFAULT_ACCOUNT
) -> SegmentDetails:
    """With its condition as it was applied."""
    definition = await context.definitions.segment(account, segment)
    release = await context.definitions.release(account)
    page = await context.views.members(account, segment, limit=1)
    documents = {each.get("id"): each for each in release.document.get("segments") or ()}
    return SegmentDetails(
        **SegmentOverview.from_definition(definition, page.total).model_dump(),
        release=release.number,
        statuses=list(definition.statuses),
        when=documents[segment].get("when"),
    )


@router.get("/segments/{segment}/members", summary="Page through the members of a segment")
async def list_members(
    context: Context,
    *,
    segment: SegmentParam,
    account: AccountParam = DEFAULT_ACCOUNT,
    limit: LimitParam = 100,
    cursor: CursorParam = None,
    newest_first: NewestQuery = False,
) -> MemberPage:
    """In the order in which they entered."""
    page = await context.views.members(account, segment, limit=limit, cursor=cursor, newest_first=newest_first)
    if not page.total:
        await _require_segment(context, account, segment)
    return page


@router.get("/segments/{segment}/sizes", summary="Show the size of a segment over time")
async def show_sizes(
    context: Context, segment: SegmentParam, account: AccountParam = DEFAULT_ACCOUNT, step: StepQuery = "hour"
) -> SizeHistory:
    """Only the steps in which it changed: the latest 1,440 minutes or 2,160 hours."""
    history = await context.views.size_history(account, segment, step)
    if not history.points:
        await _require_segment(context, account, segment)
    return history


async def _require_segment(context: ServeContext, account: str, segment: str) -> None:
    """Raises HttpProblem for a segment that neither topics nor definitions have: most likely a mistyped one."""
    if segment not in {size.segment for size in await context.views.segments(account)}:
        await context.definitions.segment(account, segment)


def _undefined(name: str, members: int) -> SegmentOverview:
    return SegmentOverview(
        segment=name, name="", description="", kind="dynamic", paused=False, members=members, defined=False
    )

"""Contacts: pages of ids, one contact, its timeline."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.views.changes import Timeline
from schemas.views.contacts import ContactPage, ContactProfile
from streams.serve.context import Context
from streams.serve.parameters import AccountParam, ContactParam, CursorParam, LimitParam
from streams.serve.problems import HttpProblem

router = APIRouter(tags=["contacts"])

PrefixQuery = Annotated[str, Query(max_length=255, description="Only ids that begin so.", examples=["ad"])]
TimelineLimit = Annotated[int, Query(ge=1, le=200, description="How many at most, the latest ones.")]


@router.get("/contacts", summary="Page through the ids of contacts")
async def list_contacts(
    context: Context,
    *,
    account: AccountParam = DEFAULT_ACCOUNT,
    prefix: PrefixQuery = "",
    limit: LimitParam = 100,
    cursor: CursorParam = None,
) -> ContactPage:
    """In the order of their bytes."""
    beginning = await context.contact_prefix(prefix)
    return await context.views.contacts(account, prefix=beginning, limit=limit, cursor=cursor)


@router.get("/contacts/{contact}", summary="Show a contact")
async def show_contact(
    context: Context, contact: ContactParam, account: AccountParam = DEFAULT_ACCOUNT
) -> ContactProfile:
    """Properties, memberships and leads as they stand."""
    name = await context.contact_id(contact)
    profile = await context.views.contact(account, name)
    if profile is None:
        raise HttpProblem("not-found", f"account {account!r} has no contact of that id")
    return profile


@router.get("/contacts/{contact}/timeline", summary="Show what happened to a contact")
async def show_timeline(
    context: Context,
    *,
    contact: ContactParam,
    account: AccountParam = DEFAULT_ACCOUNT,
    limit: TimelineLimit = 100,
) -> Timeline:
    """The latest changes first, each with its cause, and how far back they reach. Empty for an unknown contact."""
    return await context.views.timeline(account, await context.contact_id(contact), limit)

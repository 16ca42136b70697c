"""Leads of a campaign in one status."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from schemas.definitions import LeadStatus
from schemas.events.base import DEFAULT_ACCOUNT
from schemas.values import Slug
from schemas.views.leads import LeadPage
from streams.serve.context import Context
from streams.serve.parameters import AccountParam, CursorParam, LimitParam

router = APIRouter(tags=["leads"])

CampaignOfLeads = Annotated[Slug, Query(description="The campaign.", examples=["spring-trial"])]
StatusQuery = Annotated[LeadStatus, Query(description="The status that the leads are in.")]
NewestLeads = Annotated[bool, Query(description="Those that changed last first.")]


@router.get("/leads", summary="Page through the leads of a campaign")
async def list_leads(
    context: Context,
    *,
    campaign: CampaignOfLeads,
    account: AccountParam = DEFAULT_ACCOUNT,
    status: StatusQuery = "active",
    limit: LimitParam = 100,
    cursor: CursorParam = None,
    newest_first: NewestLeads = True,
) -> LeadPage:
    """In one status, by the instant of their last change."""
    page = await context.views.leads(account, campaign, status, limit=limit, cursor=cursor, newest_first=newest_first)
    if not page.total and campaign not in await context.views.campaigns(account):
        await context.definitions.campaign(account, campaign)
    return page

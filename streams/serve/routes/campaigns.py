"""Campaigns: funnel, points, hand-overs, revenue."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter

from schemas.events.base import DEFAULT_ACCOUNT
from streams.serve.answers.campaigns import CampaignDetails, CampaignList, CampaignOverview, campaign_overview
from streams.serve.context import Context
from streams.serve.parameters import AccountParam, CampaignParam

router = APIRouter(tags=["campaigns"])


@router.get("/campaigns", summary="List the campaigns with leads and revenue")
async def list_campaigns(context: Context, account: AccountParam = DEFAULT_ACCOUNT) -> CampaignList:
    """In the order of the definitions in force; then those that are defined no more, with what they earned. None
    where the account has no definitions yet.
    """
    release, known = await asyncio.gather(
        context.definitions.release_or_none(account), context.views.campaigns(account)
    )
    definitions = {} if release is None else {each.id: each for each in release.definitions.campaigns}
    names = [*definitions, *(name for name in known if name not in definitions)]
    totals = await context.views.campaign_totals(account, names)
    overviews = [
        CampaignOverview(**campaign_overview(name, definitions.get(name), own.funnel, own.revenue))
        for name, own in zip(names, totals, strict=True)
    ]
    return CampaignList(release=0 if release is None else release.number, campaigns=overviews)


@router.get("/campaigns/{campaign}", summary="Show a campaign")
async def show_campaign(
    context: Context, campaign: CampaignParam, account: AccountParam = DEFAULT_ACCOUNT
) -> CampaignDetails:
    """Funnel, points distribution, hand-overs, and what it won, has open and lost."""
    release, known = await asyncio.gather(context.definitions.release(account), context.views.campaigns(account))
    definition = next((each for each in release.definitions.campaigns if each.id == campaign), None)
    if definition is None and campaign not in known:
        definition = await context.definitions.campaign(account, campaign)
    [totals], points = await asyncio.gather(
        context.views.campaign_totals(account, [campaign]), context.views.points(account, campaign)
    )
    documents = {each.get("id"): each for each in release.document.get("campaigns") or ()}
    return CampaignDetails(
        **campaign_overview(campaign, definition, totals.funnel, totals.revenue),
        release=release.number,
        funnel=totals.funnel,
        points=points,
        definition=documents.get(campaign, {}),
    )

"""The accounts of the deployment."""

from __future__ import annotations

from fastapi import APIRouter

from streams.serve.context import Context

router = APIRouter(tags=["accounts"])


@router.get("/accounts", summary="List the accounts")
async def list_accounts(context: Context) -> list[str]:
    """Those of which the topics say something, by name."""
    return await context.views.accounts()

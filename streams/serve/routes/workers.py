"""Workers: what `leadstream status` knows."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from streams.serve.context import Context

router = APIRouter(tags=["operation"])


@router.get("/workers", summary="Show workers, slots, lag, and what holds time back")
async def show_workers(context: Context) -> dict[str, Any]:
    """As `leadstream status --json` writes it. It reads Kafka, at most every three seconds for all who ask."""
    return (await context.status.get()).to_dict()

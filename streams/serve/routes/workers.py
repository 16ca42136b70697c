"""Workers: what `leadstream status` knows."""

from __future__ import annotations

from fastapi import APIRouter

from streams.serve.answers.workers import WorkersAnswer
from streams.serve.context import Context

router = APIRouter(tags=["operation"])


@router.get(
    "/workers",
    summary="Show workers, slots, lag, and what holds time back",
    response_model_exclude_unset=True,
)
async def show_workers(context: Context) -> WorkersAnswer:
    """As `leadstream status --json` writes it. It reads Kafka, at most every three seconds for all who ask."""
    return WorkersAnswer.model_validate((await context.status.get()).to_dict())

"""Whether the server can answer, and how far the read models are behind."""

from __future__ import annotations

from fastapi import APIRouter

from schemas.views.progress import ViewsProgress
from streams.errors import ViewsNotReady
from streams.serve.context import Context

router = APIRouter(tags=["operation"])


@router.get("/health", summary="Tell whether requests can be answered")
async def show_health(context: Context) -> dict[str, str]:
    """200 where Redis answers and the read models are built; else 503 with the reason."""
    progress = await context.views.progress()
    if progress.generation is None:
        raise ViewsNotReady("the read models are not built yet")
    return {"status": "ok"}


@router.get("/views", summary="Show how far the read models are behind the topics")
async def show_views(context: Context) -> ViewsProgress:
    """Partition by partition; a rebuild that runs is told, too."""
    return await context.views.progress()

"""The console's pages: files of this package, served as they are."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from streams.serve.problems import HttpProblem


def console_app(folder: Path) -> ASGIApp:
    """Serves the files of a folder, `index.html` where a path names none; a missing file is a problem."""
    routes = [Mount("/", StaticFiles(directory=folder, html=True), name="console")] if folder.is_dir() else []
    return Starlette(routes=routes, exception_handlers={HTTPException: _answer_exception})


async def _answer_exception(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return HttpProblem("method-not-allowed", "pages are only read", headers={"Allow": "GET, HEAD"}).response()
    return HttpProblem("not-found", "no such page; the API is under /api/v1").response()

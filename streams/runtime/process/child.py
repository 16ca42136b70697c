"""What the processes have in common that a supervisor starts and that are no Faust apps."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

import structlog

from streams.environment import load_settings
from streams.errors import LeadstreamError
from streams.runtime.process import logs
from streams.runtime.process.supervisor import exit_with_parent
from streams.settings import Settings

log = structlog.get_logger()


def run_child(
    role: str, run: Callable[[Settings], Coroutine[Any, Any, None]], *, is_named_after_worker: bool = True
) -> NoReturn:
    """Runs with the settings of the environment and ends the process; when the parent is gone, as at SIGTERM.

    Exits with 0 when `run` returns, else with the code of the error, which is logged in one line. Its log lines are
    under the worker's name and the role, or under the role alone.
    """
    exit_with_parent()
    sys.exit(_run(role, run, is_named_after_worker=is_named_after_worker))


def _run(role: str, run: Callable[[Settings], Coroutine[Any, Any, None]], *, is_named_after_worker: bool) -> int:
    logs.configure(f"worker-{role}" if is_named_after_worker else role)
    try:
        settings = load_settings()
        if is_named_after_worker:
            logs.configure(f"{settings.name or 'worker'}-{role}")
        asyncio.run(run(settings))
    except LeadstreamError as error:
        log.error("ended", problem=str(error), exit_code=error.exit_code)  # noqa: TRY400 - one line, no traceback
        return error.exit_code
    return 0

"""Ends the worker process at once, after one line on stderr.

A slot's memory can be trusted only as long as every step succeeded. On any error the process ends at once, without
clean-up that could write; no reader has seen anything uncommitted, and the next start restores the committed state.
The parent process (process/supervisor.py) starts it again, except after configuration errors.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

import structlog

from streams.errors import Internal, LeadstreamError

log = structlog.get_logger()
_log_once = threading.Lock()
_end_reports: list[Callable[[], None]] = []


def report_at_end(report: Callable[[], None]) -> None:
    """From now on `report` is called when this process ends, in good order or by `die`; it may only log.

    `die` may call it from any thread, while other threads go on.
    """
    _end_reports.append(report)
    atexit.register(report)


def die(why: str, cause: BaseException | None = None) -> NoReturn:
    """Ends the process with the exit code of `cause` when it is a LeadstreamError, else 70; never returns.

    The consumer's thread and the main thread may both call it: only the first one logs.
    """
    code = cause.exit_code if isinstance(cause, LeadstreamError) else Internal.exit_code
    if _log_once.acquire(blocking=False):
        _report_end()
        log.error("ended", why=why, cause=error_summary(cause), exit_code=code)
        sys.stderr.flush()
    exit_process(code)


def _report_end() -> None:
    for report in _end_reports:
        try:
            report()
        except Exception as error:  # noqa: BLE001 - nothing may keep the process from ending
            log.error("the end cannot be reported", cause=error_summary(error))  # noqa: TRY400 - one line


def exit_process(code: int) -> NoReturn:
    """Leaves at once: no exit handlers, no finally blocks, no destructor that could still send something."""
    os._exit(code)


def error_summary(cause: BaseException | None) -> str | None:
    """An exception in one line; None for none."""
    if cause is None:
        return None
    text = " ".join(f"{type(cause).__name__}: {cause}".split())
    return text[:400]

"""Structured log lines: JSON, one a line, on stderr."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

NOISY_LOGGERS = (
    "aiokafka",
    "aiokafka.client",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
)
"""Loggers that write thousands of lines while a broker is away."""

PAUSE_SECONDS = 10.0


class RateLimit(logging.Filter):
    """Lets a message through once in ten seconds, whatever its arguments."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last_pass: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        now = self._clock()
        if now - self._last_pass.get(record.msg, -PAUSE_SECONDS) < PAUSE_SECONDS:
            return False
        self._last_pass[record.msg] = now
        return True


def configure(worker: str = "") -> None:
    """Sets logging up for a worker process: whatever speaks, structlog, a library or Python, each line is JSON.

    Of Faust, aiokafka and all other libraries only warnings and errors are written.
    """
    logging.disable(logging.INFO)  # even building debug records that nobody writes takes a twelfth of the time
    for name in NOISY_LOGGERS:
        logging.getLogger(name).addFilter(RateLimit())
    said_by: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _process_fields(worker),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    written: list[Processor] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*said_by, *written],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # A line and its end in one write: other threads and the libraries' handler write to the same place.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _capture_libraries([*said_by, structlog.stdlib.add_logger_name], written)
    _capture_uncaught()


def _process_fields(worker: str) -> Processor:
    """Which process says it. Not a context variable, which threads that a library starts would not have."""
    who = {"worker": worker, "pid": os.getpid()}

    def add(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event.update(who)
        return event

    return add


def _capture_libraries(shared_processors: list[Processor], renderers: list[Processor]) -> None:
    """The one handler of the root logger; `WorkerProcess` of Faust must not set up another one."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_processors,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    logging.captureWarnings(True)


def _capture_uncaught() -> None:
    """Exceptions that nobody caught, in any thread or in a destructor: Python would print lines of its own."""
    log = structlog.get_logger()

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("uncaught", exc_info=(kind, error, trace))

    def in_a_thread(told: threading.ExceptHookArgs) -> None:
        if told.exc_type is SystemExit:
            return  # a thread that ends itself: Python says nothing of it either
        log.error("uncaught", exc_info=(told.exc_type, told.exc_value, told.exc_traceback))

    def unraisable(told: sys.UnraisableHookArgs) -> None:
        log.error("unraisable", what=repr(told.object), exc_info=(told.exc_type, told.exc_value, told.exc_traceback))

    sys.excepthook = uncaught
    threading.excepthook = in_a_thread
    sys.unraisablehook = unraisable

"""Structured logging: one JSON object per line, on stderr."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from types import TracebackType

import structlog
from aiokafka import errors
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError, RequestTimedOutError
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
OUTAGE_PAUSE_SECONDS = 60.0
"""Time between two lines about a broker that is away."""
PATIENCE_SECONDS = 10.0
"""How long a coordinator or a leader may be missing before that is worth a line: while a broker starts, it is."""

_CONNECTION_ERRORS = (KafkaConnectionError, NodeNotReadyError, RequestTimedOutError, OSError, TimeoutError)
_CONNECTION_MESSAGES = (
    "Unable connect to",
    "Unable to request metadata",
    "Unable to update metadata",
    "Error sending %s to node",
)
_COORDINATOR_MESSAGES = (
    "Marking the coordinator dead",
    "Heartbeat session expired",
    "Heartbeat failed for group %s: coor",
)


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


class Outage(logging.Filter):
    """Of what the client says of a broker that it cannot reach, lets one line a minute through, in plain words.

    The client tries again by itself. Where only a coordinator or a leader is missing, the line comes after a while.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._began = self._last_message = self._last_line = -OUTAGE_PAUSE_SECONDS

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written; it is given other words where it is."""
        is_connection = _is_connection_lost(record)
        if not is_connection and not _is_coordinator_missing(record):
            return True
        now = self._clock()
        if now - self._last_message > 2 * PATIENCE_SECONDS:
            self._began = now
        self._last_message = now
        if not is_connection and now - self._began < PATIENCE_SECONDS:
            return False
        if now - self._last_line < OUTAGE_PAUSE_SECONDS:
            return False
        self._last_line = now
        what = "does not answer" if is_connection else "is not ready"
        record.msg, record.args = "Kafka %s, trying again: %s", (what, " ".join(record.getMessage().split()))
        record.exc_info = record.exc_text = None
        return True


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """Whether a record tells of anything but a task that was cancelled, as all are that a stop does not wait for."""
    return not any(issubclass(kind, asyncio.CancelledError) for kind in _error_types(record))


def _is_connection_lost(record: logging.LogRecord) -> bool:
    if str(record.msg).startswith(_CONNECTION_MESSAGES):
        return True
    return any(issubclass(kind, _CONNECTION_ERRORS) for kind in _error_types(record))


def _is_coordinator_missing(record: logging.LogRecord) -> bool:
    if str(record.msg).startswith(_COORDINATOR_MESSAGES):
        return True
    return any(getattr(kind, "retriable", False) for kind in _error_types(record))


def _error_types(record: logging.LogRecord) -> Iterator[type[BaseException]]:
    """Yields the types of the errors that a record tells of, given as errors, as types, by name, or with a trace."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    traced = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    for value in (*arguments, traced):
        kind = getattr(errors, value, None) if isinstance(value, str) else value
        if isinstance(kind, BaseException):
            yield type(kind)
        elif isinstance(kind, type) and issubclass(kind, BaseException):
            yield kind


def configure(worker: str = "") -> None:
    """Sets logging up for a worker process: each line is JSON, whether structlog, a library or Python writes it.

    Of Faust, aiokafka and all other libraries only warnings and errors are written.
    """
    logging.disable(logging.INFO)  # building debug records takes a twelfth of the time, even if none is written
    outage = Outage()
    for name in NOISY_LOGGERS:
        logging.getLogger(name).addFilter(RateLimit())
        logging.getLogger(name).addFilter(outage)
    logging.getLogger("faust.agents.actor").addFilter(_is_no_cancellation)
    warnings.filterwarnings("ignore", "coroutine '.*' was never awaited", RuntimeWarning, r"mode\.services")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _process_fields(worker),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderers: list[Processor] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*shared, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # A line and its end in one write: other threads and the libraries' handler write to the same stream.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _capture_libraries([*shared, structlog.stdlib.add_logger_name], renderers)
    _capture_uncaught()


def _process_fields(worker: str) -> Processor:
    """Adds the process to each line. No context variable: threads that a library starts would not have it."""
    fields = {"worker": worker, "pid": os.getpid()}

    def add(_logger: object, _method: str, event: EventDict) -> EventDict:
        event.update(fields)
        return event

    return add


def _capture_libraries(shared_processors: list[Processor], renderers: list[Processor]) -> None:
    """Sets the only handler of the root logger; Faust's worker must not set up another one."""
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
    """Logs uncaught exceptions, in any thread or in a destructor: Python would print lines of its own."""
    log = structlog.get_logger()

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("uncaught", exc_info=(kind, error, trace))

    def uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is SystemExit:
            return  # a thread that ends itself: Python prints nothing either
        log.error("uncaught", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

    def unraisable(args: sys.UnraisableHookArgs) -> None:
        log.error("unraisable", what=repr(args.object), exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

    sys.excepthook = uncaught
    threading.excepthook = uncaught_in_thread
    sys.unraisablehook = unraisable

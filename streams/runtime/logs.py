"""Structured log lines: JSON, one a line, on stderr."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable

import structlog

CHATTY = (
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
        self._passed: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        now = self._clock()
        if now - self._passed.get(record.msg, -PAUSE_SECONDS) < PAUSE_SECONDS:
            return False
        self._passed[record.msg] = now
        return True


def configure(worker: str = "") -> None:
    """Sets structlog up for a worker process, and silences Faust and aiokafka below warnings.

    Faust leaves the root logger at DEBUG, and building debug records takes a twelfth of the time.
    """
    logging.disable(logging.INFO)
    for name in CHATTY:
        logging.getLogger(name).addFilter(RateLimit())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(worker=worker, pid=os.getpid())

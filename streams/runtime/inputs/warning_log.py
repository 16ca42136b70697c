"""Counts events that are accepted and probably wrong, by kind, and logs the counts."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

LOG_SECONDS = 60.0
MAX_KINDS = 100
OTHER = "other probable mistakes"
"""The kind of whatever comes when `MAX_KINDS` are counted: a producer may invent names without end."""

log = structlog.get_logger()


class WarningLog:
    """Logs the first event of a kind at once, then the kind's count at most once a minute, and once at the end."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[str, int] = {}
        self._logged_at: dict[str, float] = {}
        self._logged_counts: dict[str, int] = {}

    def add(self, kind: str) -> None:
        """Counts one event; `kind` is a sentence that says what is probably wrong."""
        if kind not in self._counts and len(self._counts) >= MAX_KINDS:
            kind = OTHER
        self._counts[kind] = count = self._counts.get(kind, 0) + 1
        now = self._clock()
        if count == 1 or now - self._logged_at[kind] >= LOG_SECONDS:
            self._logged_at[kind] = now
            self._write(kind, count)

    def close(self) -> None:
        """Logs the counts that are not logged yet: the process ends. Another thread may still add."""
        for kind, count in list(self._counts.items()):
            if count > self._logged_counts.get(kind, 0):
                self._write(kind, count)

    def _write(self, kind: str, count: int) -> None:
        self._logged_counts[kind] = count
        log.warning("events probably wrong", kind=kind, count=count)

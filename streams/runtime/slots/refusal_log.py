"""Counts dead letters and other refusals in a process's log, by code: a line at most each minute, while they come."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import structlog

PAUSE_SECONDS = 60.0
"""The least time between two lines."""


class RefusalLog:
    """The dead letters of one process, or what else `event` names; `kind` is what it runs, `clock` is in seconds."""

    def __init__(
        self,
        kind: str,
        log: Any = None,
        clock: Callable[[], float] = time.monotonic,
        event: str = "dead letters",
    ) -> None:
        self._kind = kind
        self._event = event
        self._log = log or structlog.get_logger()
        self._clock = clock
        self._last_line: float | None = None
        self._new: Counter[str] = Counter()
        self._total = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, counts: Mapping[str, int]) -> None:
        """Counts what was refused: the first at once, later ones when the pause is over."""
        if not counts:
            return
        self._new.update(counts)
        if self._timer is not None:
            return
        pause = 0.0 if self._last_line is None else self._last_line + PAUSE_SECONDS - self._clock()
        if pause <= 0:
            self._write()
        else:
            self._timer = asyncio.get_running_loop().call_later(pause, self._write)

    def close(self) -> None:
        """Writes what is counted and not written yet: the process stops."""
        if self._timer is not None:
            self._timer.cancel()
            self._write()

    def _write(self) -> None:
        self._timer = None
        self._last_line = self._clock()
        count = self._new.total()
        self._total += count
        self._log.warning(
            self._event,
            kind=self._kind,
            count=count,
            by_code=dict(sorted(self._new.items())),
            since_start=self._total,
        )
        self._new.clear()

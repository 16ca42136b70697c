"""How long the broker may hold a fetch: briefly for a full answer under load, for long in silence, and the first
records after a silence are answered at once.

A fetch costs the worker and the broker the same whether it brings records or not, so an idle worker sends few.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

LOAD_SECONDS = 0.1
LOAD_ANSWERS = 4
"""A broker counts as under load when so many answers within LOAD_SECONDS held records."""


class FetchTerms(NamedTuple):
    """The broker answers as soon as it has `min_bytes`, and after `max_wait_ms` at the latest."""

    max_wait_ms: int
    min_bytes: int


LOADED = FetchTerms(max_wait_ms=20, min_bytes=65_536)
"""There is one fetch at a time per broker: a partition with records must not wait long for those without."""

AWAITED = FetchTerms(max_wait_ms=100, min_bytes=1)
"""While a slot waits for claims: they follow from when the last answered fetch was sent."""

SILENT = FetchTerms(max_wait_ms=500, min_bytes=1)
"""Half of the usual distance between a due instant and its tick (`grace_ms`): claims are fresh by then."""


class FetchPace:
    """Chooses the terms of the next fetch from one broker."""

    def __init__(self) -> None:
        self._answers: deque[float] = deque([float("-inf")] * LOAD_ANSWERS, maxlen=LOAD_ANSWERS)

    def mark_answer(self, now: float) -> None:
        """An answer held records; `now` is in monotonic seconds."""
        self._answers.append(now)

    def next_terms(self, now: float, *, is_awaited: bool) -> FetchTerms:
        """The terms of a fetch sent at `now` (monotonic seconds); `is_awaited` says that a slot waits for claims."""
        if now - self._answers[0] < LOAD_SECONDS:
            return LOADED
        return AWAITED if is_awaited else SILENT

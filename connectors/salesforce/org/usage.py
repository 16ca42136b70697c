"""Counts the calls of Salesforce's API, and keeps what Salesforce says of the org's daily limit."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable

import requests

OUTCOMES = ("ok", "refused", "error", "no_answer")
"""An answer, a refusal (4xx), a fault of the server (5xx), none."""

_API_USAGE = re.compile(r"\bapi-usage=(\d+)/(\d+)")


class ApiUsage:
    """The calls of one process to one org, from any of its threads.

    `used` and `limit` are API requests in 24 hours of all programs that use the org, None before Salesforce has said
    them; it did last at `known_at` (seconds since 1970).
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.calls = Counter(dict.fromkeys(OUTCOMES, 0))
        self.used: int | None = None
        self.limit: int | None = None
        self.known_at: float | None = None
        self._clock = clock
        self._lock = threading.Lock()

    def count_answer(self, response: requests.Response) -> None:
        """Counts an answer, of whatever status."""
        outcome = "ok" if response.status_code < 400 else "refused" if response.status_code < 500 else "error"
        usage = _API_USAGE.search(response.headers.get("Sforce-Limit-Info", ""))
        with self._lock:
            self.calls[outcome] += 1
            if usage is not None:
                self._set(int(usage[1]), int(usage[2]))

    def set_limit(self, used: int, limit: int) -> None:
        """Keeps what the org's limits say."""
        with self._lock:
            self._set(used, limit)

    @property
    def remaining(self) -> int | None:
        """API requests that are left of 24 hours; None before Salesforce has said it."""
        with self._lock:
            return None if self.used is None or self.limit is None else max(0, self.limit - self.used)

    def share(self) -> float:
        """The part of the daily limit that is used, 0 to 1; 0 before Salesforce has said it."""
        with self._lock:
            if self.used is None or not self.limit:
                return 0.0
            return min(1.0, self.used / self.limit)

    def _set(self, used: int, limit: int) -> None:
        self.used, self.limit, self.known_at = used, limit, self._clock()

    def count_no_answer(self) -> None:
        """Counts a call without an answer that can be read."""
        with self._lock:
            self.calls["no_answer"] += 1

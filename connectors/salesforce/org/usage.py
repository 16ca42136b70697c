"""Counts the calls of Salesforce's API, and keeps what Salesforce says of the org's daily limit."""

from __future__ import annotations

import re
import threading
from collections import Counter

import requests

OUTCOMES = ("ok", "refused", "error", "no_answer")
"""An answer, a refusal (4xx), a fault of the server (5xx), none."""

_API_USAGE = re.compile(r"\bapi-usage=(\d+)/(\d+)")


class ApiUsage:
    """The calls of one process, from any of its threads; `used` and `limit` are API requests in 24 hours, None before
    Salesforce has said them.
    """

    def __init__(self) -> None:
        self.calls = Counter(dict.fromkeys(OUTCOMES, 0))
        self.used: int | None = None
        self.limit: int | None = None
        self._lock = threading.Lock()

    def count_answer(self, response: requests.Response) -> None:
        """Counts an answer, of whatever status."""
        outcome = "ok" if response.status_code < 400 else "refused" if response.status_code < 500 else "error"
        usage = _API_USAGE.search(response.headers.get("Sforce-Limit-Info", ""))
        with self._lock:
            self.calls[outcome] += 1
            if usage is not None:
                self.used, self.limit = int(usage[1]), int(usage[2])

    def count_no_answer(self) -> None:
        """Counts a call without an answer that can be read."""
        with self._lock:
            self.calls["no_answer"] += 1

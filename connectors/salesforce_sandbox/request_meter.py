"""The daily limit of API requests: those of the last 24 hours by the org's clock."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

WINDOW = timedelta(hours=24)


class RequestMeter:
    """Counts requests; the oldest count no more 24 hours later."""

    def __init__(self) -> None:
        self._times: deque[datetime] = deque()

    def count(self, now: datetime) -> None:
        """Counts a request."""
        self._times.append(now)

    def usage(self, now: datetime) -> int:
        """Returns the number of requests of the last 24 hours."""
        while self._times and self._times[0] <= now - WINDOW:
            self._times.popleft()
        return len(self._times)

    def clear(self) -> None:
        """Forgets all requests."""
        self._times.clear()

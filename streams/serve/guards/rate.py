"""A limit of requests for each client: a bucket that fills with time."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from streams.serve.problems import HttpProblem

MAX_CLIENTS = 10_000
"""So many clients are remembered; the one that asked longest ago is forgotten first."""


@dataclass(frozen=True, slots=True)
class RateBounds:
    """What one client may do: `per_second` requests for ever, `burst` at once."""

    per_second: float = 50.0
    burst: int = 200


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class ClientRateLimit:
    """Refuses a client that asks too often. A client is an address: behind a proxy all are one.

    It comes before tokens are looked at, so that nobody guesses them faster.
    """

    def __init__(
        self, app: ASGIApp, bounds: RateBounds | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._bounds = bounds or RateBounds()
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers 429 with how long to wait."""
        if scope["type"] == "http":
            client = scope.get("client")
            seconds = self._seconds_to_wait(client[0] if client else "")
            if seconds:
                problem = HttpProblem(
                    "too-many-requests",
                    f"at most {self._bounds.per_second:g} requests a second from one address",
                    headers={"Retry-After": str(math.ceil(seconds))},
                )
                await problem.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _seconds_to_wait(self, client: str) -> float:
        now = self._clock()
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._buckets[client] = _Bucket(self._bounds.burst, now)
            if len(self._buckets) > MAX_CLIENTS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(client)
        gained = (now - bucket.filled_at) * self._bounds.per_second
        bucket.tokens = min(bucket.tokens + gained, self._bounds.burst)
        bucket.filled_at = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._bounds.per_second
        bucket.tokens -= 1
        return 0.0

"""A limit of requests for each client: a bucket that fills with time."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.serve.problems import HttpProblem

_UNAUTHORIZED = 401
MAX_CLIENTS = 10_000
"""So many clients are remembered; the one that asked longest ago is forgotten first."""

FILE_COST = 0.1
"""What a file of the console counts, against 1 for a request to the API: a page loads some twenty of them. One
that is refused for its token counts 1."""


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
            address = scope.get("client")
            client = address[0] if address else ""
            cost = 1.0 if scope["path"].startswith("/api") else FILE_COST
            seconds = self._seconds_to_wait(client, cost)
            if seconds:
                problem = HttpProblem(
                    "too-many-requests",
                    f"at most {self._bounds.per_second:g} requests a second from one address",
                    headers={"Retry-After": str(math.ceil(seconds))},
                )
                await problem.response()(scope, receive, send)
                return
            send = self._charging(client, 1 - cost, send)
        await self._app(scope, receive, send)

    def _charging(self, client: str, rest: float, send: Send) -> Send:
        """A `send` that takes the rest of a whole request from a client whose token is refused."""

        async def charge(message: Message) -> None:
            if message.get("status") == _UNAUTHORIZED and client in self._buckets:
                self._buckets[client].tokens -= rest
            await send(message)

        return charge

    def _seconds_to_wait(self, client: str, cost: float = 1.0) -> float:
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
        if bucket.tokens < cost:
            return (cost - bucket.tokens) / self._bounds.per_second
        bucket.tokens -= cost
        return 0.0

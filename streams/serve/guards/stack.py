"""All guards of the server, the first one outermost."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp

from streams.serve.guards.access_log import AccessLog
from streams.serve.guards.authorization import Authorization
from streams.serve.guards.body import BODY_SECONDS, BodyLimit
from streams.serve.guards.etag import EntityTags
from streams.serve.guards.head import HeadRequests
from streams.serve.guards.origin import OriginGuard
from streams.serve.guards.paths import PathParts
from streams.serve.guards.rate import ClientRateLimit, RateBounds
from streams.serve.guards.security_headers import SecurityHeaders
from streams.serve.tokens import AccessTokens


@dataclass(frozen=True)
class AccessPolicy:
    """Who may ask, how often and how much; `host` is where the server listens."""

    host: str = "127.0.0.1"
    tokens: AccessTokens = field(default_factory=AccessTokens)
    rate: RateBounds = field(default_factory=RateBounds)
    body_seconds: float = BODY_SECONDS


def guard(
    app: ASGIApp, policy: AccessPolicy, *, readings: Collection[str], body_bounds: Mapping[str, int]
) -> ASGIApp:
    """The application behind its guards.

    `readings`: paths where POST only asks; `body_bounds`: path -> bytes, for bodies that may be larger.
    """
    app = EntityTags(app)
    app = HeadRequests(app)
    app = BodyLimit(app, body_bounds, policy.body_seconds)
    app = Authorization(app, policy.tokens, readings)
    app = OriginGuard(app, policy.host)
    app = ClientRateLimit(app, policy.rate)
    app = PathParts(app)
    app = AccessLog(app)
    return SecurityHeaders(app)

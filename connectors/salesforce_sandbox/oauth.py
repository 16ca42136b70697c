"""`/services/oauth2/token`: the client-credentials flow, and the check of a token on every data request."""

from __future__ import annotations

import time

from aiohttp import web

from connectors.salesforce_sandbox.api_errors import Problem
from connectors.salesforce_sandbox.org import ORG

GRANT = "client_credentials"


def routes() -> list[web.RouteDef]:
    """The route of the token call."""
    return [web.post("/services/oauth2/token", token)]


async def token(request: web.Request) -> web.Response:
    """A new access token, or an OAuth error object."""
    org = request.app[ORG]
    form = await request.post()
    if form.get("grant_type") != GRANT:
        return _refused("unsupported_grant_type", "grant type not supported")
    known = form.get("client_id") == org.login.client_id
    if org.login.refused or not known:
        return _refused("invalid_client_id", "client identifier invalid")
    if form.get("client_secret") != org.login.client_secret:
        return _refused("invalid_client", "invalid client credentials")
    origin = f"{request.scheme}://{request.host}"
    return web.json_response(
        {
            "access_token": org.login.issue(),
            "instance_url": origin,
            "id": f"{origin}/id/00D5A0000000001EAA/0055A000000000BQAQ",
            "token_type": "Bearer",
            "scope": "api",
            "issued_at": str(int(time.time() * 1000)),
        }
    )


def check(request: web.Request) -> None:
    """Whether the request carries a token that was issued. Raises Problem."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind != "Bearer" or value not in request.app[ORG].login.tokens:
        raise invalid_session()


def invalid_session() -> Problem:
    """The 401 of a session that is over."""
    return Problem("INVALID_SESSION_ID", "Session expired or invalid", None, status=401)


def _refused(error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=400)

"""`/services/oauth2/token`: the client-credentials flow, and the check of the token of a data request."""

from __future__ import annotations

import time

from aiohttp import web

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.org import ORG

GRANT_TYPE = "client_credentials"


def routes() -> list[web.RouteDef]:
    """Returns the route of the token call."""
    return [web.post("/services/oauth2/token", issue_token)]


async def issue_token(request: web.Request) -> web.Response:
    """Returns a new access token, or an OAuth error object."""
    org = request.app[ORG]
    form = await request.post()
    if form.get("grant_type") != GRANT_TYPE:
        return _oauth_error("unsupported_grant_type", "grant type not supported")
    if org.oauth_client.is_refused or form.get("client_id") != org.oauth_client.client_id:
        return _oauth_error("invalid_client_id", "client identifier invalid")
    if form.get("client_secret") != org.oauth_client.client_secret:
        return _oauth_error("invalid_client", "invalid client credentials")
    origin = f"{request.scheme}://{request.host}"
    return web.json_response(
        {
            "access_token": org.oauth_client.issue_token(),
            "instance_url": origin,
            "id": f"{origin}/id/00D5A0000000001EAA/0055A000000000BQAQ",
            "token_type": "Bearer",
            "scope": "api",
            "issued_at": str(int(time.time() * 1000)),
        }
    )


def check_token(request: web.Request) -> None:
    """Raises ApiError unless the request has a token that was issued."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind != "Bearer" or value not in request.app[ORG].oauth_client.tokens:
        raise invalid_session()


def invalid_session() -> ApiError:
    """Returns the error of an expired session (401)."""
    return ApiError("INVALID_SESSION_ID", "Session expired or invalid", None, status=401)


def _oauth_error(error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=400)

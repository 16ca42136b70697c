"""`/services/oauth2/token`: client credentials and JWT bearer, and the check of the token of a data request."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.logins import LoginRefused
from connectors.salesforce_sandbox.org import ORG, Org

CLIENT_CREDENTIALS = "client_credentials"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def routes() -> list[web.RouteDef]:
    """Returns the route of the token call."""
    return [web.post("/services/oauth2/token", issue_token)]


async def issue_token(request: web.Request) -> web.Response:
    """Returns a new access token, or an OAuth error object."""
    org = request.app[ORG]
    form = await request.post()
    try:
        _check_login(org, form)
    except LoginRefused as refusal:
        body = {"error": refusal.error, "error_description": refusal.description}
        return web.json_response(body, status=400)
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


def _check_login(org: Org, form: Mapping[str, Any]) -> None:
    if form.get("grant_type") == CLIENT_CREDENTIALS:
        org.oauth_client.check_secret(form.get("client_id"), form.get("client_secret"))
    elif form.get("grant_type") == JWT_BEARER:
        org.oauth_client.check_assertion(str(form.get("assertion", "")), org.store.now().timestamp())
    elif form.get("grant_type") == "password":
        # No user of the org has a password.
        raise LoginRefused("invalid_grant", "authentication failure - Invalid Password")
    else:
        raise LoginRefused("unsupported_grant_type", "grant type not supported")


def check_token(request: web.Request) -> None:
    """Raises ApiError unless the request has a token that was issued."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind != "Bearer" or value not in request.app[ORG].oauth_client.tokens:
        raise invalid_session()


def invalid_session() -> ApiError:
    """Returns the error of an expired session (401)."""
    return ApiError("INVALID_SESSION_ID", "Session expired or invalid", None, status=401)

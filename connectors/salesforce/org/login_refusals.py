"""What a refused login means, and what the administrator of the org should do about it."""

from __future__ import annotations

from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.errors import CrmError

_ADVICE = (
    ("user hasn't approved this consumer", "assign the app to the user's profile or permission set (JWT needs it)"),
    ("not admin approved", "assign the app to the user's profile or permission set"),
    ("invalid_app_access", "assign the app to the user's profile or permission set"),
    ("no client credentials user", "set the run-as user of the app's client-credentials flow"),
    ("client credentials flow is not enabled", "enable the client-credentials flow in the app"),
    ("request not supported on this domain", "set the domain to your My Domain, for example acme.my"),
    ("audience is invalid", "a sandbox has a domain that ends in .sandbox.my, production one that does not"),
    (
        "invalid assertion",
        "compare certificate and private key, the username and the org, and set the clock of this machine",
    ),
    ("expired", "set the clock of this machine: an assertion is valid for 3 minutes"),
    ("user is inactive", "activate the integration user"),
    ("inactive user", "activate the integration user"),
    ("inactive_user", "activate the integration user"),
    ("inactive_org", "the org is locked or closed: ask Salesforce"),
    (
        "ip restricted",
        "allow the addresses of the workers in the user's profile, or relax IP restrictions in the app",
    ),
    ("invalid login hours", "widen the login hours of the user's profile"),
    ("client identifier invalid", "check the client id and the domain; a new app works after some ten minutes"),
    ("invalid client credentials", "check the client secret"),
    ("invalid_client", "check the client id and the client secret"),
    ("grant type not supported", "enable this OAuth flow in the app"),
    ("authentication failure", "check username, app and domain, and whether the user may log in"),
)
"""Part of what Salesforce says, in small letters -> what to do; the first that fits counts."""

_TRANSIENT = ("unknown_error", "temporarily_unavailable", "retry your request", "server_error")
_TOO_MANY = ("login rate exceeded", "rate limit exceeded", "login_rate_exceeded")


def is_transient_refusal(refusal: CrmError) -> bool:
    """Whether the same login may succeed a moment later."""
    return _holds(refusal, _TRANSIENT)


def is_rate_refusal(refusal: CrmError) -> bool:
    """Whether the org has had too many logins of this user."""
    return _holds(refusal, _TOO_MANY)


def refusal_text(connection: Connection, refusal: CrmError) -> str:
    """Returns one line: what Salesforce says, what it means, and where the login is set."""
    said = str(refusal).lower()
    advice = next((advice for words, advice in _ADVICE if words in said), "check the login")
    if connection.source:
        names = connection.source
    else:
        secrets = ("USERNAME", "PRIVATE_KEY") if connection.private_key else ("CLIENT_SECRET",)
        names = ", ".join(f"LEADSTREAM_SALESFORCE_{name}" for name in ("DOMAIN", "CLIENT_ID", *secrets))
    return (
        f"Salesforce ({connection.display_name}) refuses the login ({refusal}): {advice}; the login is set by {names}"
    )


def _holds(refusal: CrmError, parts: tuple[str, ...]) -> bool:
    said = str(refusal).lower()
    return any(part in said for part in parts)

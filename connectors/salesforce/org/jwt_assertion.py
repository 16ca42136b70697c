"""The signed assertion of the JWT bearer flow: who logs in, for which app, at which authorization server."""

from __future__ import annotations

from connectors.salesforce.org.connection import Connection
from streams.errors import SalesforceRefused

VALID_SECONDS = 180
"""Salesforce takes an assertion that ends within 3 minutes of its own clock."""


def sign_assertion(connection: Connection, now: float) -> str:
    """Returns the assertion of a connection with a private key; `now` in seconds since 1970.

    Raises SalesforceRefused for a key that is no RSA key or is too short.
    """
    import jwt  # noqa: PLC0415 - it loads cryptography, which client credentials do not need

    claims = {
        "iss": connection.client_id,
        "sub": connection.username,
        "aud": connection.audience,
        "exp": int(now) + VALID_SECONDS,
    }
    try:
        return jwt.encode(claims, connection.private_key, algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        # The library may quote what it read; the class says as much without a word of the key.
        raise SalesforceRefused(
            f"{connection.place}: the private key cannot be used to sign ({type(error).__name__}): it has to be an "
            "RSA key of 2048 bits or more in PEM, without a passphrase"
        ) from None

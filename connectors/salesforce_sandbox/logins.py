"""Who may log in: the client with its secret, users with a certificate, and the tokens issued to them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

PRODUCTION_AUDIENCE = "https://login.salesforce.com"
TEST_AUDIENCE = "https://test.salesforce.com"
MAX_ASSERTION_SECONDS = 300
"""Salesforce wants 3 minutes; clocks may differ a little."""


class LoginRefused(Exception):
    """A login that Salesforce refuses, with the two texts of OAuth."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


@dataclass(slots=True)
class OAuthClient:
    """The one client that may log in, and the tokens issued to it."""

    client_id: str
    client_secret: str
    is_refused: bool = False
    public_key: str = ""
    """The public key or the certificate of the client in PEM: what verifies its assertions."""
    username: str = ""
    is_approved: bool = True
    """Whether an administrator has let the user use the client."""
    is_test_org: bool = False
    """Whether the org is one for tests, whose assertions name another audience."""
    tokens: set[str] = field(default_factory=set)
    login_count: int = 0

    def issue_token(self) -> str:
        """Returns a new access token; the older ones stay valid."""
        self.login_count += 1
        token = f"00D5A0000000001!{secrets.token_urlsafe(24)}"
        self.tokens.add(token)
        return token

    def check_secret(self, client_id: object, client_secret: object) -> None:
        """Checks a login with client credentials. Raises LoginRefused."""
        self._check_client(client_id)
        if client_secret != self.client_secret:
            raise LoginRefused("invalid_client", "invalid client credentials")

    def check_assertion(self, assertion: str, now: float) -> None:
        """Checks a login with a signed assertion at a time in seconds since 1970. Raises LoginRefused."""
        import jwt  # noqa: PLC0415 - it loads cryptography, which other logins do not need

        try:
            given = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise LoginRefused("invalid_grant", "invalid assertion") from error
        self._check_client(given.get("iss"))
        try:
            claims = jwt.decode(assertion, self._verification_key(), algorithms=["RS256"], options=_NO_CLAIMS)
        except (jwt.PyJWTError, ValueError) as error:
            raise LoginRefused("invalid_grant", "invalid assertion") from error
        for check in (self._check_audience, self._check_user):
            check(claims)
        _check_expiry(claims, now)

    def _check_client(self, client_id: object) -> None:
        if self.is_refused or client_id != self.client_id:
            raise LoginRefused("invalid_client_id", "client identifier invalid")

    def _check_audience(self, claims: dict[str, Any]) -> None:
        wanted = TEST_AUDIENCE if self.is_test_org else PRODUCTION_AUDIENCE
        if str(claims.get("aud")).rstrip("/") != wanted:
            raise LoginRefused("invalid_grant", "audience is invalid")

    def _check_user(self, claims: dict[str, Any]) -> None:
        if not self.is_approved or str(claims.get("sub")).casefold() != self.username.casefold():
            raise LoginRefused("invalid_grant", "user hasn't approved this consumer")

    def _verification_key(self) -> Any:
        if "BEGIN CERTIFICATE" not in self.public_key:
            return self.public_key
        from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415 - as above

        return load_pem_x509_certificate(self.public_key.encode()).public_key()


def _check_expiry(claims: dict[str, Any], now: float) -> None:
    expiry = _as_number(claims.get("exp"))
    if expiry is None or expiry > now + MAX_ASSERTION_SECONDS:
        raise LoginRefused("invalid_grant", "invalid assertion")
    if expiry <= now:
        raise LoginRefused("invalid_grant", "expired authorization code")


def _as_number(value: object) -> float | None:
    """The expiry may be text, as simple-salesforce sends it."""
    try:
        return float(str(value))
    except ValueError:
        return None


_NO_CLAIMS: Any = dict.fromkeys(
    ("verify_exp", "verify_aud", "verify_iat", "verify_nbf", "verify_iss", "verify_sub"), False
)
"""The claims are checked here and not by the library, by the org's own clock."""

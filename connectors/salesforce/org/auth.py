"""Access tokens: one login at a time, at most one new login for a refused token, then a pause."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import requests

from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.errors import CircuitOpen, TransientFailure, error_from_body
from connectors.salesforce.org.jwt_assertion import sign_assertion
from connectors.salesforce.org.login_refusals import is_rate_refusal, is_transient_refusal, refusal_text
from connectors.salesforce.org.transport import create_session
from streams.errors import SalesforceRefused

PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class AccessToken:
    """An access token and the address of the org that issued it."""

    value: str
    instance_url: str


class TokenProvider:
    """Holds the valid token and shares it between threads.

    A token that worked before and is refused has expired: one thread logs in again, the others wait for its token.
    A token that is refused before it ever worked shows that a new login would not help: the circuit opens for 60 s.
    """

    def __init__(self, connection: Connection, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._clock = clock
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._was_accepted = False
        self._circuit_open_until = 0.0

    def current(self) -> AccessToken:
        """Returns the token to use. Raises CircuitOpen, SalesforceRefused, TransientFailure."""
        with self._lock:
            self._check_circuit()
            if self._token is None:
                self._renew()
            assert self._token is not None
            return self._token

    def mark_accepted(self, token: AccessToken) -> None:
        """Records that Salesforce accepted the token."""
        if token is self._token:
            self._was_accepted = True

    def mark_refused(self, token: AccessToken) -> None:
        """Records that Salesforce refused the token; the next `current` returns another. Raises CircuitOpen."""
        with self._lock:
            if token is not self._token:
                return
            self._token = None
            if self._was_accepted:
                return
            self._circuit_open_until = self._clock() + PAUSE_SECONDS
            self._check_circuit()

    def _check_circuit(self) -> None:
        if self._clock() < self._circuit_open_until:
            raise CircuitOpen(
                f"Salesforce ({self._connection.display_name}) refuses the session right after the login: "
                "check that the integration user may use the REST API; trying again in a minute"
            )

    def _renew(self) -> None:
        self._token = _log_in(self._connection)
        self._was_accepted = False


def _log_in(connection: Connection) -> AccessToken:
    try:
        with create_session(connection) as http:
            answer = http.post(connection.token_url, data=_login_form(connection))
            body = answer.json() if "json" in answer.headers.get("Content-Type", "") else None
    except requests.RequestException as error:
        raise TransientFailure(
            f"Salesforce ({connection.display_name}) does not answer the login: {_error_name(error)}"
        ) from error
    if answer.ok and isinstance(body, dict) and body.get("access_token") and body.get("instance_url"):
        return AccessToken(str(body["access_token"]), str(body["instance_url"]))
    refusal = error_from_body(answer.status_code, body)
    if answer.status_code >= 500 or answer.ok or is_transient_refusal(refusal):
        raise TransientFailure(
            f"Salesforce ({connection.display_name}) answers the login with HTTP {answer.status_code}"
        )
    if is_rate_refusal(refusal):
        raise CircuitOpen(f"Salesforce ({connection.display_name}) has had too many logins of this user: {refusal}")
    raise SalesforceRefused(refusal_text(connection, refusal))


def _login_form(connection: Connection) -> dict[str, str]:
    if connection.private_key:
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": sign_assertion(connection, time.time()),
        }
    return {
        "grant_type": "client_credentials",
        "client_id": connection.client_id,
        "client_secret": connection.client_secret,
    }


def _error_name(error: Exception) -> str:
    """Returns the class of a transport failure, which says more than its text about sockets."""
    return type(error).__name__

"""What a refused login is: one that passes, one of too many, or one that somebody has to mend."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import requests

from connectors.salesforce.org import auth
from connectors.salesforce.org.auth import TokenProvider
from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.errors import CircuitOpen, TransientFailure
from streams.errors import SalesforceRefused

CONNECTION = Connection("acme.my", "id", "top-secret")


class FixedSession(requests.Session):
    """Answers every login with the same response, and keeps what was sent."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__()
        self.answer = requests.Response()
        self.answer.status_code = status
        self.answer.headers["Content-Type"] = "application/json"
        self.answer._content = json.dumps(body).encode()
        self.forms: list[Mapping[str, str]] = []

    def post(self, url: str | bytes, data: Any = None, json: Any = None, **more: Any) -> requests.Response:
        assert (url, json, more) == (CONNECTION.token_url, None, {})
        self.forms.append(data)
        return self.answer


def provider(monkeypatch: pytest.MonkeyPatch, status: int, body: object) -> tuple[TokenProvider, FixedSession]:
    session = FixedSession(status, body)
    monkeypatch.setattr(auth, "create_session", lambda connection: session)
    return TokenProvider(CONNECTION), session


def test_a_token_comes_with_the_address_of_its_org(monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"access_token": "t", "instance_url": "https://acme.my.salesforce.com"}
    tokens, session = provider(monkeypatch, 200, body)
    token = tokens.current()
    assert (token.value, token.instance_url) == ("t", "https://acme.my.salesforce.com")
    assert tokens.current() is token
    assert session.forms == [{"grant_type": "client_credentials", "client_id": "id", "client_secret": "top-secret"}]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"error": "unknown_error", "error_description": "retry your request"}, TransientFailure),
        (400, {"error": "temporarily_unavailable", "error_description": "later"}, TransientFailure),
        (503, {"error": "server_error", "error_description": "maintenance"}, TransientFailure),
        (200, {"access_token": "t"}, TransientFailure),
        (400, {"error": "invalid_grant", "error_description": "login rate exceeded"}, CircuitOpen),
        (400, {"error": "invalid_client", "error_description": "invalid client credentials"}, SalesforceRefused),
        (401, ["<html>"], SalesforceRefused),
    ],
)
def test_what_salesforce_says_decides(
    monkeypatch: pytest.MonkeyPatch, status: int, body: object, expected: type[Exception]
) -> None:
    tokens, _ = provider(monkeypatch, status, body)
    with pytest.raises(expected) as refused:
        tokens.current()
    assert type(refused.value) is expected
    assert "top-secret" not in str(refused.value)

"""What a login needs, whom a JWT is meant for, and that no secret is shown."""

from __future__ import annotations

import pytest

from connectors.salesforce.org.connection import Connection
from streams.errors import SalesforceRefused
from streams.settings import Settings

KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("domain", "audience"),
    [
        ("acme.my", "https://login.salesforce.com"),
        ("acme-dev-ed.develop.my", "https://login.salesforce.com"),
        ("login", "https://login.salesforce.com"),
        ("acme--dev.sandbox.my", "https://test.salesforce.com"),
        ("Acme--Dev.Sandbox.my", "https://test.salesforce.com"),
        ("acme.scratch.my", "https://test.salesforce.com"),
        ("test", "https://test.salesforce.com"),
    ],
)
def test_a_test_org_has_its_own_authorization_server(domain: str, audience: str) -> None:
    connection = Connection(domain, "id", username="a@b.example", private_key=KEY)
    assert connection.audience == audience
    assert connection.token_url == f"https://{domain}.salesforce.com/services/oauth2/token"


@pytest.mark.parametrize("domain", ["login", "test"])
def test_client_credentials_need_the_my_domain(domain: str) -> None:
    with pytest.raises(SalesforceRefused, match=r"set the domain to your My Domain, for example acme\.my"):
        Connection(domain, "id", "secret")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"salesforce_client_secret": "s", "salesforce_private_key": KEY}, "both set"),
        ({"salesforce_private_key": KEY}, "a private key without a username"),
        ({"salesforce_client_secret": "s", "salesforce_username": "a@b.example"}, "a username without a private key"),
        ({}, r"set LEADSTREAM_SALESFORCE_CLIENT_SECRET \(or \.\.\._PRIVATE_KEY_FILE and \.\.\._USERNAME\)"),
    ],
)
def test_a_login_that_is_not_whole_is_refused_with_what_is_missing(given: dict[str, str], problem: str) -> None:
    settings = Settings(salesforce_domain="acme.my", salesforce_client_id="id", **given)
    with pytest.raises(SalesforceRefused, match=problem):
        Connection.from_settings(settings)


def test_a_private_key_takes_the_place_of_the_secret() -> None:
    connection = Connection.from_settings(
        Settings(
            salesforce_url="http://127.0.0.1:8090", salesforce_username="a@b.example", salesforce_private_key=KEY
        )
    )
    assert (connection.username, connection.private_key, connection.client_secret) == ("a@b.example", KEY, "")


def test_no_secret_is_in_what_a_connection_looks_like() -> None:
    shown = f"{Connection('acme.my', 'id', 'top-secret')} {Connection('a', 'id', username='u@x', private_key=KEY)}"
    assert "top-secret" not in shown
    assert "MIIB" not in shown

"""Logins by JWT bearer, as an administrator of Salesforce can set them up right and wrong."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.connection import Connection
from streams.errors import SalesforceRefused
from tests.harness.salesforce.sandbox import SandboxClient

USER = "integration@acme.example"


@cache
def key(number: int) -> rsa.RSAPrivateKey:
    """A key for each number."""
    del number
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def private_pem(number: int = 0) -> str:
    return key(number).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def trust(sandbox: SandboxClient, **more: Any) -> None:
    """Gives the org the public key, as an app gets its certificate."""
    public = key(0).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    sandbox.post("certificate", **{"public_key": public, "username": USER, **more})


def connection(sandbox: SandboxClient, **more: Any) -> Connection:
    given = {"client_secret": "", "username": USER, "private_key": private_pem()}
    return sandbox.connection(**{**given, **more})


def test_a_user_logs_in_with_the_key_of_the_certificate(sandbox: SandboxClient) -> None:
    trust(sandbox)
    client = OrgClient(connection(sandbox))
    client.check()
    assert client.usage.limit == 15_000


def test_an_expired_session_costs_one_login_for_all_threads(sandbox: SandboxClient) -> None:
    trust(sandbox)
    client = OrgClient(connection(sandbox))
    client.check()
    before = sandbox.get("counts")["logins"]
    sandbox.post("settings", expire_tokens=True)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.check(), range(16)))
    assert sandbox.get("counts")["logins"] == before + 1


def test_a_sandbox_domain_logs_in_at_the_server_of_test_orgs(sandbox: SandboxClient) -> None:
    trust(sandbox, test_org=True)
    OrgClient(connection(sandbox, domain="acme--dev.sandbox.my")).check()
    with pytest.raises(SalesforceRefused, match=r"a sandbox has a domain that ends in \.sandbox\.my"):
        OrgClient(connection(sandbox)).check()


@pytest.mark.parametrize(
    ("trusted", "given", "advice"),
    [
        ({"approved": False}, {}, "assign the app to the user's profile or permission set"),
        ({"username": "somebody@acme.example"}, {}, "assign the app to the user's profile or permission set"),
        ({}, {"private_key": 1}, "compare certificate and private key"),
        ({}, {"client_id": "another"}, "check the client id and the domain"),
    ],
)
def test_a_refusal_says_what_the_administrator_should_do(
    sandbox: SandboxClient, trusted: dict[str, Any], given: dict[str, Any], advice: str
) -> None:
    trust(sandbox, **trusted)
    more = {**given, "private_key": private_pem(1)} if "private_key" in given else given
    with pytest.raises(SalesforceRefused) as refused:
        OrgClient(connection(sandbox, **more)).check()
    assert advice in str(refused.value)
    assert "LEADSTREAM_SALESFORCE_USERNAME, LEADSTREAM_SALESFORCE_PRIVATE_KEY" in str(refused.value)


def test_a_clock_that_is_wrong_is_said_to_be(sandbox: SandboxClient) -> None:
    trust(sandbox)
    sandbox.post("clock", advance=600)
    with pytest.raises(SalesforceRefused, match="set the clock of this machine"):
        OrgClient(connection(sandbox)).check()

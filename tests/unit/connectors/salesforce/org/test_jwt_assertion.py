"""The assertion of the JWT bearer flow, read as Salesforce reads it: with the certificate's public key."""

from __future__ import annotations

from functools import cache

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.jwt_assertion import sign_assertion
from streams.errors import SalesforceRefused

NOW = 1_772_355_600.9


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def connection(private_key: str) -> Connection:
    return Connection("acme--dev.sandbox.my", "3MVG9", username="it@acme.example", private_key=private_key)


def test_it_says_who_for_which_app_at_which_server_for_three_minutes() -> None:
    token = sign_assertion(connection(pem(rsa_key())), NOW)
    claims = jwt.decode(
        token,
        rsa_key().public_key(),
        algorithms=["RS256"],
        audience="https://test.salesforce.com",
        options={"verify_exp": False},
    )
    assert claims == {
        "iss": "3MVG9",
        "sub": "it@acme.example",
        "aud": "https://test.salesforce.com",
        "exp": 1_772_355_780,
    }
    assert jwt.get_unverified_header(token)["alg"] == "RS256"


@pytest.mark.parametrize("kind", ["elliptic", "broken"])
def test_a_key_that_cannot_sign_is_refused_without_a_word_of_it(kind: str) -> None:
    key = pem(ec.generate_private_key(ec.SECP256R1())) if kind == "elliptic" else pem(rsa_key()).replace("MII", "MIX")
    with pytest.raises(SalesforceRefused) as refused:
        sign_assertion(connection(key), NOW)
    line = str(refused.value)
    assert "RSA key of 2048 bits or more in PEM, without a passphrase" in line
    assert "\n" not in line
    assert key.splitlines()[1] not in line

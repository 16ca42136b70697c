"""Tokens: which headers name one, what it allows, and that other machines are never answered without."""

from __future__ import annotations

import base64

import pytest

from streams.errors import ConfigurationError
from streams.serve.tokens import AccessTokens, require_tokens
from streams.settings import Settings

READ, WRITE, NEXT = "r" * 20, "w" * 20, "n" * 20
TOKENS = AccessTokens([("read", READ), ("write", WRITE), ("read", NEXT)])


def basic(password: str) -> bytes:
    return b"Basic " + base64.b64encode(f"anybody:{password}".encode())


@pytest.mark.parametrize(
    ("header", "scope"),
    [
        (b"Bearer " + READ.encode(), "read"),
        (b"bearer   " + NEXT.encode(), "read"),
        (b"Bearer " + WRITE.encode(), "write"),
        (basic(READ), "read"),
        (basic(WRITE), "write"),
    ],
)
def test_a_valid_token_allows_what_it_is_for(header: bytes, scope: str) -> None:
    assert TOKENS.scope_of(header) == scope


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer " + READ.encode()[:-1],
        b"Bearer " + READ.encode() + b"r",
        READ.encode(),
        b"Digest " + READ.encode(),
        b"Basic " + READ.encode(),
        b"Basic !!!",
        b"Bearer \xff\xfe",
        basic(""),
        basic(READ + "\n"),
    ],
)
def test_anything_else_allows_nothing(header: bytes | None) -> None:
    assert TOKENS.scope_of(header) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.53"])
def test_on_loopback_no_token_is_needed(host: str) -> None:
    assert not require_tokens(Settings(serve_host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "api.example.com", "localhost.example.com"])
def test_elsewhere_it_refuses_to_start_without_tokens(host: str) -> None:
    with pytest.raises(ConfigurationError, match="LEADSTREAM_SERVE_TOKENS") as error:
        require_tokens(Settings(serve_host=host))
    assert error.value.exit_code == 78


def test_tokens_are_needed_on_loopback_too_where_there_are_some() -> None:
    tokens = require_tokens(Settings(serve_tokens=f"read:{READ},\nwrite:{WRITE}\n"))
    assert tokens.scope_of(b"Bearer " + WRITE.encode()) == "write"
    assert tokens.scope_of(b"Bearer " + READ.encode()) == "read"
    assert tokens.scope_of(None) is None


def test_settings_do_not_show_tokens() -> None:
    settings = Settings(serve_tokens=f"read:{READ}")
    assert READ not in repr(settings)

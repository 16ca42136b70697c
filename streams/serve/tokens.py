"""The tokens of the HTTP API: some may read, some may write as well."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import Literal

from streams.errors import ConfigurationError
from streams.serve.addresses import is_loopback
from streams.setting_forms import split_tokens
from streams.settings import Settings

TokenScope = Literal["read", "write"]
"""What a token allows; `write` allows to read, too."""


class AccessTokens:
    """The tokens that are valid; without any, everybody may do everything."""

    def __init__(self, tokens: Sequence[tuple[TokenScope, str]] = ()) -> None:
        self._tokens = [(scope, token.encode()) for scope, token in tokens]

    def __bool__(self) -> bool:
        return bool(self._tokens)

    def scope_of(self, authorization: bytes | None) -> TokenScope | None:
        """What the header `Authorization` allows; None for one that is missing or wrong.

        `Bearer TOKEN`, or `Basic` with the token as the password: that is what a browser asks a person for.
        """
        token = _parse_authorization(authorization)
        # Each one is compared, whatever the first result: the time taken tells nothing.
        scopes = [scope for scope, known in self._tokens if hmac.compare_digest(known, token)]
        return scopes[0] if scopes else None


def require_tokens(settings: Settings) -> AccessTokens:
    """The tokens of the settings. Raises ConfigurationError where there are none and other machines could ask."""
    if settings.serve_tokens is None:
        if is_loopback(settings.serve_host):
            return AccessTokens()
        raise ConfigurationError(
            f"serve would answer everybody who reaches {settings.serve_host}: set LEADSTREAM_SERVE_TOKENS to"
            " read:TOKEN,write:TOKEN (or LEADSTREAM_SERVE_TOKENS_FILE to a file with it), or listen on 127.0.0.1"
        )
    tokens: list[tuple[TokenScope, str]] = [
        ("write" if kind == "write" else "read", token) for kind, token in split_tokens(settings.serve_tokens)
    ]
    return AccessTokens(tokens)


def _parse_authorization(value: bytes | None) -> bytes:
    scheme, _, credentials = (value or b"").strip().partition(b" ")
    if scheme.lower() == b"bearer":
        return credentials.strip()
    if scheme.lower() == b"basic":
        try:
            return base64.b64decode(credentials.strip(), validate=True).partition(b":")[2]
        except binascii.Error:
            return b""
    return b""

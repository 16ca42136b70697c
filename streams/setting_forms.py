"""The forms that settings of text have: what fits, and what to type."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address
from urllib.parse import urlsplit

LAST_PORT = 65_535

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class TextForm:
    """A form of text; `text` says what has it, as the object of "set it to"."""

    text: str
    fits: Callable[[str], bool]


def _pattern(text: str, pattern: str) -> TextForm:
    compiled = re.compile(pattern)
    return TextForm(text, lambda value: compiled.fullmatch(value) is not None)


def _are_brokers(value: str) -> bool:
    matches = [_HOST.fullmatch(part.strip()) for part in value.split(",")]
    return all(match is not None and _is_port(match[1]) for match in matches)


def _is_port(digits: str | None) -> bool:
    return digits is None or 0 < int(digits) <= LAST_PORT


def _url(text: str, schemes: frozenset[str]) -> TextForm:
    def fits(value: str) -> bool:
        if not value.isprintable() or " " in value:
            return False
        try:
            parts = urlsplit(value)
            port = parts.port  # raises ValueError for one that is none
        except ValueError:
            return False
        return parts.scheme in schemes and bool(parts.hostname) and port != 0

    return TextForm(text, fits)


def _is_host(value: str) -> bool:
    if ":" not in value:
        return _HOST.fullmatch(value) is not None
    try:
        IPv6Address(value)
    except ValueError:
        return False
    return True


BOOTSTRAP = TextForm("HOST:PORT[,HOST:PORT...], for example kafka:9092", _are_brokers)
LISTEN_HOST = TextForm("an address of this machine, for example 127.0.0.1, or 0.0.0.0 for all", _is_host)
TOPIC_PREFIX = _pattern("at most 100 letters, digits, dots, dashes and underscores", r"[A-Za-z0-9._-]{0,100}")
WORKER_NAME = _pattern("1 to 100 letters, digits, dots, dashes and underscores", r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
GROUP_NAME = _pattern("1 to 100 letters, digits, dots, dashes and underscores", r"[A-Za-z0-9._-]{1,100}")
HTTP_URL = _url("a URL, for example http://127.0.0.1:8090", frozenset({"http", "https"}))
REDIS_URL = _url("a URL, for example redis://127.0.0.1:6379/0", frozenset({"redis", "rediss"}))
DOMAIN = _pattern(
    "the org's My Domain without .salesforce.com, for example acme.my",
    r"(?!.*\.salesforce\.com$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*",
)
LOGIN = _pattern("1 to 1000 characters without blanks, as Salesforce shows it", r"[\x21-\x7e]{1,1000}")
USER_NAME = _pattern(
    "a user name of Salesforce, for example integration@acme.example",
    r"[\x21-\x3f\x41-\x7e]{1,64}@[\x21-\x3f\x41-\x7e]{1,63}",
)
PRIVATE_KEY = _pattern(
    "an RSA key in PEM without a passphrase, as `openssl genrsa` writes it",
    r"\s*-----BEGIN (RSA |)PRIVATE KEY-----\s[A-Za-z0-9+/=\s]{1,16000}-----END \1PRIVATE KEY-----\s*",
)
VERSION = _pattern("a version, for example 62.0", r"[1-9][0-9]{1,2}\.0")
FIELD_NAME = _pattern(
    "the API name of a field, for example Leadstream_Id__c", r"[A-Za-z](?:[A-Za-z0-9_]{0,78}[A-Za-z0-9])?"
)
CURRENCY = _pattern("three capital letters as in ISO 4217, for example EUR", r"[A-Z]{3}")
SLUG = _pattern("1 to 100 letters, digits, dashes and underscores", r"[A-Za-z0-9_-]{1,100}")
TOKENS_OF_A_KIND = 2
"""Valid at a time, so that a new token is in use before the former one goes."""

_TOKEN = re.compile(r"(?:read|write):[A-Za-z0-9._~+/=-]{20,200}")


def split_tokens(value: str) -> list[tuple[str, str]]:
    """The kind (`read` or `write`) and the token of each part of a list of tokens."""
    parts = (part.strip() for part in re.split(r"[,\n]", value))
    return [(kind, token) for kind, _, token in (part.partition(":") for part in parts if part)]


def _are_tokens(value: str) -> bool:
    tokens = split_tokens(value)
    kinds = [kind for kind, _ in tokens]
    return (
        bool(tokens)
        and all(_TOKEN.fullmatch(f"{kind}:{token}") for kind, token in tokens)
        and len({token for _, token in tokens}) == len(tokens)
        and all(kinds.count(kind) <= TOKENS_OF_A_KIND for kind in kinds)
    )


SERVE_TOKENS = TextForm(
    "read:TOKEN,write:TOKEN, up to two different ones of each kind, of 20 to 200 letters, digits and . _ ~ + / = -",
    _are_tokens,
)

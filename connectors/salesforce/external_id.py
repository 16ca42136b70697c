"""The external id that makes a contact one Lead: account and contact, escaped because Salesforce ignores case."""

from __future__ import annotations

import hashlib
import string
from urllib.parse import unquote

MAX_CHARACTERS = 255
# Salesforce ignores case when it compares text, and Leadstream's ids do not: upper-case letters are escaped, and so
# is everything that collation, trimming or quoting might change.
_SAFE_CHARACTERS = frozenset(string.ascii_lowercase + string.digits + "-_.@+")
_DIGEST_PREFIX = "~"


def external_id(account: str, contact: str) -> str:
    """Returns `account/contact`, escaped; where that is too long for the field, a digest of both."""
    readable = f"{_escape(account)}/{_escape(contact)}"
    if len(readable) <= MAX_CHARACTERS:
        return readable
    digest = hashlib.sha256(f"{account}/{contact}".encode()).hexdigest()
    return f"{_DIGEST_PREFIX}{digest}"


def parse_external_id(key: str) -> tuple[str, str] | None:
    """Returns account and contact of an external id; None for a digest and for a key that is not ours."""
    account, slash, contact = key.partition("/")
    if key.startswith(_DIGEST_PREFIX) or not slash or not account or not contact:
        return None
    return unquote(account), unquote(contact)


def _escape(text: str) -> str:
    return "".join(letter if letter in _SAFE_CHARACTERS else _percent_encode(letter) for letter in text)


def _percent_encode(letter: str) -> str:
    return "".join(f"%{byte:02x}" for byte in letter.encode())

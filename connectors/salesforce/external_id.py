"""The external id under which a contact is one Lead: account and contact, safe where case does not matter."""

from __future__ import annotations

import hashlib
import string
from urllib.parse import unquote

MAX_CHARACTERS = 255
# Salesforce compares text without regard to case, Leadstream's ids with it: upper-case letters are escaped, and
# with them everything that collation, trimming or quoting might touch.
_SAFE_CHARACTERS = frozenset(string.ascii_lowercase + string.digits + "-_.@+")
_DIGEST_PREFIX = "~"


def external_id(account: str, contact: str) -> str:
    """`account/contact`, escaped; where that is too long for the field, a digest stands for the contact."""
    readable = f"{_escape(account)}/{_escape(contact)}"
    if len(readable) <= MAX_CHARACTERS:
        return readable
    digest = hashlib.sha256(f"{account}/{contact}".encode()).hexdigest()
    return f"{_DIGEST_PREFIX}{digest}"


def parse_external_id(key: str) -> tuple[str, str] | None:
    """Account and contact of an external id; None for a digest and for a key that is none of ours."""
    account, slash, contact = key.partition("/")
    if key.startswith(_DIGEST_PREFIX) or not slash or not account or not contact:
        return None
    return unquote(account), unquote(contact)


def _escape(text: str) -> str:
    return "".join(letter if letter in _SAFE_CHARACTERS else _percent_encode(letter) for letter in text)


def _percent_encode(letter: str) -> str:
    return "".join(f"%{byte:02x}" for byte in letter.encode())

"""The external id under which a contact is one Lead: account and contact, safe where case does not matter."""

from __future__ import annotations

import hashlib
import string
from urllib.parse import unquote

MOST_CHARACTERS = 255
# Salesforce compares text without regard to case, Leadstream's ids with it: upper-case letters are escaped, and
# with them everything that collation, trimming or quoting might touch.
_PLAIN = frozenset(string.ascii_lowercase + string.digits + "-_.@+")
_DIGEST = "~"


def external_id(account: str, contact: str) -> str:
    """`account/contact`, escaped; where that is too long for the field, a digest stands for the contact."""
    readable = f"{_escaped(account)}/{_escaped(contact)}"
    if len(readable) <= MOST_CHARACTERS:
        return readable
    digest = hashlib.sha256(f"{account}/{contact}".encode()).hexdigest()
    return f"{_DIGEST}{digest}"


def parsed(key: str) -> tuple[str, str] | None:
    """Account and contact of an external id; None for a digest and for a key that is none of ours."""
    account, slash, contact = key.partition("/")
    if key.startswith(_DIGEST) or not slash or not account or not contact:
        return None
    return unquote(account), unquote(contact)


def _escaped(text: str) -> str:
    return "".join(letter if letter in _PLAIN else _percent(letter) for letter in text)


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02x}" for byte in letter.encode())

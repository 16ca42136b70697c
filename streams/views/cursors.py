"""Cursors of pages: where a page ends, as opaque text."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from streams.errors import UsageError


def encode_cursor(score: str, member: str) -> str:
    """The cursor behind a member with its score."""
    return urlsafe_b64encode(msgspec.json.encode((score, member))).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[str, str]:
    """The score and the member of a cursor. Raises UsageError for any other text."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        score, member = msgspec.json.decode(urlsafe_b64decode(padded.encode()), type=tuple[str, str])
        return str(int(score)), member
    except ValueError as error:
        raise UsageError(
            f"{cursor[:100]!r} is no cursor of a page; take `next` of the page before, or leave it out"
        ) from error

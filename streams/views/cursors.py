"""Cursors of pages: where a page ends and of which list it is one, as opaque text."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b

import msgspec

from streams.errors import UsageError

_MARK_BYTES = 6


class PageList:
    """A list that is read page by page; `parts` are all that decides what is on it and in which order."""

    def __init__(self, *parts: str) -> None:
        self._mark = blake2b(msgspec.json.encode(parts), digest_size=_MARK_BYTES).hexdigest()

    def encode_cursor(self, score: str, member: str) -> str:
        """The cursor behind a member with its score."""
        return urlsafe_b64encode(msgspec.json.encode((self._mark, score, member))).decode().rstrip("=")

    def decode_cursor(self, cursor: str) -> tuple[str, str]:
        """The score and the member of a cursor. Raises UsageError for one of another list, and for any other text."""
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            mark, score, member = msgspec.json.decode(urlsafe_b64decode(padded.encode()), type=tuple[str, str, str])
            number = str(int(score))
        except ValueError as error:
            raise UsageError(
                f"{cursor[:100]!r} is no cursor of a page; take `next` of the page before, or leave it out"
            ) from error
        if mark != self._mark:
            raise UsageError("the cursor is one of another list; ask as for the page it came from, or leave it out")
        return number, member


def contact_list(account: str, prefix: str) -> PageList:
    """The ids of contacts that begin with `prefix`."""
    return PageList("contacts", account, prefix)


def member_list(account: str, segment: str, *, newest_first: bool) -> PageList:
    """The members of a segment."""
    return PageList("members", account, segment, str(newest_first))


def letter_list(*filters: str) -> PageList:
    """The dead letters that meet some filters, the newest page first."""
    return PageList("dead-letters", *filters)


def lead_list(account: str, campaign: str, status: str, *, newest_first: bool) -> PageList:
    """The leads of a campaign in a status."""
    return PageList("leads", account, campaign, status, str(newest_first))

"""Ids of Salesforce's records: 15 characters that tell upper from lower case, or 18 that need not."""

from __future__ import annotations

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def long_record_id(record_id: str) -> str:
    """Returns the id with 18 characters: the 15 and a suffix of 3 that is computed from them."""
    if len(record_id) != 15:
        return record_id
    return record_id + "".join(_suffix(record_id[start : start + 5]) for start in (0, 5, 10))


def is_long_record_id(text: str) -> bool:
    """Whether a text is an id with 18 characters, of whatever object: 15 and the suffix that belongs to them."""
    return len(text) == 18 and text.isascii() and text.isalnum() and text == long_record_id(text[:15])


def _suffix(chunk: str) -> str:
    return _SUFFIX[sum(1 << position for position, letter in enumerate(chunk) if "A" <= letter <= "Z")]

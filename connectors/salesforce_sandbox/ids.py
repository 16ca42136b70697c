"""Salesforce record ids: 15 characters where case matters, or 18 with a suffix that makes case irrelevant."""

from __future__ import annotations

import string

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SUFFIX = string.ascii_uppercase + "012345"


def to_18(record_id: str) -> str:
    """The 18-character form of an id of 15 or 18 characters; any other text as it is."""
    if len(record_id) != 15:
        return record_id
    suffix = ""
    for start in (0, 5, 10):
        chunk = record_id[start : start + 5]
        upper = sum(1 << place for place, letter in enumerate(chunk) if letter in string.ascii_uppercase)
        suffix += _SUFFIX[upper]
    return record_id + suffix


def make_id(prefix: str, number: int) -> str:
    """The id of the `number`th record of an object."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return to_18(f"{prefix}5A0000{digits:0>6}")

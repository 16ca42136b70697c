"""Salesforce record ids: 15 case-sensitive characters, or 18 with a suffix that encodes the case."""

from __future__ import annotations

import re
import string

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SUFFIX = string.ascii_uppercase + "012345"
_ID = re.compile("[a-zA-Z0-9]{15}([a-zA-Z0-9]{3})?")


def to_18(record_id: str) -> str:
    """Returns the 18-character form of an id of 15 characters; any other text unchanged."""
    if len(record_id) != 15:
        return record_id
    suffix = ""
    for start in (0, 5, 10):
        chunk = record_id[start : start + 5]
        upper = sum(1 << position for position, letter in enumerate(chunk) if letter in string.ascii_uppercase)
        suffix += _SUFFIX[upper]
    return record_id + suffix


def is_id(text: str) -> bool:
    """Whether a text has the form of an id: 15 or 18 letters and digits."""
    return _ID.fullmatch(text) is not None


def make_id(prefix: str, number: int) -> str:
    """Returns the id of the `number`th record of the object with this prefix."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return to_18(f"{prefix}5A0000{digits:0>6}")

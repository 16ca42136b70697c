"""The ids of Salesforce's records, in the one form that tells them apart in whatever case."""

from __future__ import annotations

import re
import string

CONTACT_PREFIX = "003"
_PERSON_ID = re.compile("(00Q|003)[a-zA-Z0-9]{12}([a-zA-Z0-9]{3})?")
_SUFFIX_LETTERS = string.ascii_uppercase + "012345"


def full_record_id(record_id: str) -> str:
    """Returns the form of 18 characters of an id of 15; any other text unchanged.

    The last three letters say which of the 15 before are capitals.
    """
    if len(record_id) != 15:
        return record_id
    suffix = ""
    for start in (0, 5, 10):
        capitals = [letter in string.ascii_uppercase for letter in record_id[start : start + 5]]
        suffix += _SUFFIX_LETTERS[sum(1 << place for place, is_capital in enumerate(capitals) if is_capital)]
    return record_id + suffix


def is_person_id(text: str) -> bool:
    """Whether a text can be the id of a Lead or a Contact; a query with one that is no id is refused as a whole."""
    return _PERSON_ID.fullmatch(text) is not None

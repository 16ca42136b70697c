"""Tells whether a record of a contact changed what its row of `contacts` shows (SPEC section 2)."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.values import points_from_millionths
from streams.engine.state.contact import Contact

_NO_SCORES: dict[str, int] = {}
_encode = msgspec.json.Encoder(order="deterministic").encode


class RowFields(msgspec.Struct, frozen=True):
    """The fields of a row that a record of the contact may change."""

    status: str
    properties: dict[str, Any]
    score: int
    scores: dict[str, int]
    last_activity: int | None


def row_fields(contact: Contact) -> RowFields:
    """The fields as they are now. A patch makes new properties; scores change in place, so they are copied."""
    scores = dict(contact.scores) if contact.scores else _NO_SCORES
    return RowFields(contact.status, contact.properties, contact.score, scores, contact.last_activity)


def is_row_changed(before: RowFields, contact: Contact) -> bool:
    """Whether a reader of the row sees another contact than before."""
    return (
        before.last_activity != contact.last_activity
        or before.status != contact.status
        or _is_score_changed(before.score, contact.score)
        or _are_scores_changed(before.scores, contact.scores)
        or _are_properties_changed(before.properties, contact.properties)
    )


def _is_score_changed(before: int, after: int) -> bool:
    # In millionths; a JSON number beyond 2^53 of them may show no difference.
    return before != after and points_from_millionths(before) != points_from_millionths(after)


def _are_scores_changed(before: dict[str, int], after: dict[str, int]) -> bool:
    if before == after:
        return False
    return before.keys() != after.keys() or any(_is_score_changed(before[name], after[name]) for name in after)


def _are_properties_changed(before: dict[str, Any], after: dict[str, Any]) -> bool:
    if before is after:
        return False
    if before != after:
        return True
    # For Python 1, 1.0 and True are equal, for a reader of JSON they are three values; the order of keys is none.
    # A patch leaves the values of other properties the same objects; most others are texts, which need no JSON.
    for name, value in after.items():
        former = before[name]
        if value is not former and not isinstance(value, str) and _encode(value) != _encode(former):
            return True
    return False

"""Records of `contacts`."""

from __future__ import annotations

from typing import Any, Literal

from schemas.definitions import ContactStatus
from schemas.outputs.base import ContactOutputRecord
from schemas.values import Instant


class ContactRow(ContactOutputRecord):
    """The contact as it stands, under account/contact. Every field is always there."""

    type: Literal["contact"]
    status: ContactStatus
    properties: dict[str, Any]
    score: float
    scores: dict[str, float]
    created: Instant
    """The `at` of the contact's first record."""
    last_seen: Instant | None
    """The `at` of its latest visit or activity; null where there was none."""

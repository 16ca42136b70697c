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
    """The contact's status."""
    properties: dict[str, Any]
    """All properties as they are stored, the derived `email_domain` among them."""
    score: float
    """The contact's own score; 0 where nothing ever changed it."""
    scores: dict[str, float]
    """The named scores."""
    created: Instant
    """The `at` of the contact's first record."""
    last_seen: Instant | None
    """The `at` of its latest visit or activity; null where there was none."""

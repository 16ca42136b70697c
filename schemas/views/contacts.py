"""One contact as the read side shows it, and pages of contacts."""

from __future__ import annotations

from typing import Any

from schemas.definitions import ContactStatus
from schemas.values import Slug
from schemas.views.base import InstantText, PageCursor, ViewModel
from schemas.views.leads import LeadEntry


class Membership(ViewModel):
    """A segment that the contact is in, and since when."""

    segment: Slug
    since: InstantText


class ContactProfile(ViewModel):
    """The contact as it stands, with its memberships (oldest first) and its leads (by campaign)."""

    account: Slug
    contact: str
    status: ContactStatus
    properties: dict[str, Any]
    score: float
    scores: dict[str, float]
    created: InstantText
    last_seen: InstantText | None
    """Its latest visit or activity; null where there was none."""
    memberships: list[Membership]
    leads: list[LeadEntry]


class ContactPage(ViewModel):
    """Ids of contacts, in the order of their bytes."""

    total: int
    """How many contacts the account has, whatever the page was asked for."""
    contacts: list[str]
    next: PageCursor | None
    """Null on the last page."""

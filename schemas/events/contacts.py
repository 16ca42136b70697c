"""Events of the topic `contact-changes`."""

from __future__ import annotations

from typing import Any, Literal

from schemas.definitions import ContactStatus
from schemas.events.base import ContactEvent
from schemas.values import ContactId


class ContactChanged(ContactEvent):
    """A patch: properties that it names are set, those named with null are removed; a missing status stays."""

    type: Literal["contact.changed"]
    properties: dict[str, Any] = {}
    status: ContactStatus | None = None


class ContactDeleted(ContactEvent):
    """The same as a patch with `status: deleted`."""

    type: Literal["contact.deleted"]


class ContactMerged(ContactEvent):
    """Everything of this contact moves into the contact `into`."""

    type: Literal["contact.merged"]
    into: ContactId


class ContactIdentified(ContactEvent):
    """The anonymous visitor `visitor` is this contact."""

    type: Literal["contact.identified"]
    visitor: ContactId


class ContactErased(ContactEvent):
    """Everything known of this contact goes."""

    type: Literal["contact.erased"]

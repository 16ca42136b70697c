"""Turns a journal event back into the form that in-topics have: the inverse of `event_types`.

Unknown fields, the order of fields and the spelling of numbers and instants are not in the journal and do not come
back. Published again, the result is the same event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from schemas.values import instant_text, points_from_millionths
from streams.engine.journal.event_types import EVENT_TYPES, Fields
from streams.engine.journal.records import JournalEvent


def to_source_form(event: JournalEvent) -> bytes:
    """The event as a JSON value of its in-topic."""
    event_type = EVENT_TYPES.get(event.type)
    owner = event_type.owner if event_type is not None else "contact"
    envelope = {"id": event.id, "type": event.type, "at": instant_text(event.at), "account": event.account}
    source_fields = _SOURCE_FIELDS.get(event.type, _copy_fields)
    return msgspec.json.encode({**envelope, **source_fields(event.fields), owner: event.owner})


def _copy_fields(fields: Mapping[str, Any]) -> Fields:
    return dict(fields)


def _score_source_fields(fields: Mapping[str, Any]) -> Fields:
    return {**fields, "points": points_from_millionths(fields["points"])}


def _contact_deleted_source_fields(fields: Mapping[str, Any]) -> Fields:
    """No `status`: the type implies it."""
    return {name: value for name, value in fields.items() if name != "status"}


def _opportunity_source_fields(fields: Mapping[str, Any]) -> Fields:
    return {**fields, "modified": instant_text(fields["modified"])}


_SOURCE_FIELDS: Mapping[str, Callable[[Mapping[str, Any]], Fields]] = {
    "contact.deleted": _contact_deleted_source_fields,
    "score.adjusted": _score_source_fields,
    "opportunity.changed": _opportunity_source_fields,
}

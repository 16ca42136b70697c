"""An accepted event in the form in which in-topics carry events: the way back from `event_types`.

What the door passes over (unknown fields, the order of fields, how a number or an instant was written) is not in the
journal and does not come back; sent again, it is the very same event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from schemas.values import instant_text
from streams.engine.journal.event_types import EVENT_TYPES, Fields
from streams.engine.journal.records import JournalEvent
from streams.engine.state.points import points_from_millionths


def to_source_form(event: JournalEvent) -> bytes:
    """The event as JSON that the door takes in its topic."""
    kind = EVENT_TYPES.get(event.type)
    owner = kind.owner if kind is not None else "contact"
    envelope = {"id": event.id, "type": event.type, "at": instant_text(event.at), "account": event.account}
    as_sent = _SOURCE_FIELDS.get(event.type, _copy_fields)
    return msgspec.json.encode({**envelope, **as_sent(event.fields), owner: event.owner})


def _copy_fields(fields: Mapping[str, Any]) -> Fields:
    return dict(fields)


def _score_source_fields(fields: Mapping[str, Any]) -> Fields:
    return {**fields, "points": points_from_millionths(fields["points"])}


def _contact_deleted_source_fields(fields: Mapping[str, Any]) -> Fields:
    """The type says it all."""
    return {name: value for name, value in fields.items() if name != "status"}


def _opportunity_source_fields(fields: Mapping[str, Any]) -> Fields:
    return {**fields, "modified": instant_text(fields["modified"])}


_SOURCE_FIELDS: Mapping[str, Callable[[Mapping[str, Any]], Fields]] = {
    "contact.deleted": _contact_deleted_source_fields,
    "score.adjusted": _score_source_fields,
    "opportunity.changed": _opportunity_source_fields,
}

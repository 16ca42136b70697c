"""An accepted event in the form in which in-topics carry events: the way back from `event_types`.

What the door passes over (unknown fields, the order of fields, how a number or an instant was written) is not in the
journal and does not come back; sent again, it is the very same event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from schemas.values import instant_text
from streams.engine.journal.event_types import KINDS, Fields
from streams.engine.journal.records import Event
from streams.engine.state.points import points_number


def received_form(event: Event) -> bytes:
    """The event as JSON that the door takes in its topic."""
    kind = KINDS.get(event.type)
    owner = kind.owner if kind is not None else "contact"
    envelope = {"id": event.id, "type": event.type, "at": instant_text(event.at), "account": event.account}
    as_sent = _AS_SENT.get(event.type, _as_they_are)
    return msgspec.json.encode({**envelope, **as_sent(event.fields), owner: event.contact})


def _as_they_are(fields: Mapping[str, Any]) -> Fields:
    return dict(fields)


def _score(fields: Mapping[str, Any]) -> Fields:
    return {**fields, "points": points_number(fields["points"])}


def _deleted(fields: Mapping[str, Any]) -> Fields:
    """The type says it all."""
    return {name: value for name, value in fields.items() if name != "status"}


def _opportunity(fields: Mapping[str, Any]) -> Fields:
    return {**fields, "modified": instant_text(fields["modified"])}


_AS_SENT: Mapping[str, Callable[[Mapping[str, Any]], Fields]] = {
    "contact.deleted": _deleted,
    "score.adjusted": _score,
    "opportunity.changed": _opportunity,
}

"""Tells what is probably a mistake in an event, although it is accepted: unknown fields are legal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.journal.spelling import misspellings

VISIT_TYPE = "web.visited"
NO_URL = f"{VISIT_TYPE} without url: no condition on a page finds this visit"


def event_warnings(type_name: str, fields: Mapping[str, Any]) -> Iterator[str]:
    """Yields a sentence for each probable mistake; it is the same for all events with the same mistake."""
    corrections = set()
    for slip in misspellings(type_name, fields):
        corrections.add(slip.correction)
        names = ", ".join(sorted(EVENT_TYPES[type_name].field_names))
        yield (
            f"{slip.name!r} is no field of {type_name} and is ignored - did you mean {slip.correction}?"
            f" The fields are {names}"
        )
    if type_name == VISIT_TYPE and fields.get("url") is None and "url" not in corrections:
        yield NO_URL

"""Extracts the changes of a segment or a lead from the outputs of a contact's replay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from streams.engine.journal.effects import Output

MAX_CHANGES = 20

_TOPICS = ("segment-changes", "lead-changes", "notifications")
_CHANGE_FIELDS = ("at", "type", "from", "to", "added", "points", "notice", "cause")


def recent_changes(outputs: Iterable[Output], field: str, name: str) -> list[dict[str, Any]]:
    """Returns the latest changes as JSON, oldest first, whose `field` (`segment` or `campaign`) is `name`."""
    changes = []
    for output in outputs:
        if output.topic not in _TOPICS or output.value is None:
            continue
        value = msgspec.json.decode(output.value)
        subject = value.get(field)
        if (subject["id"] if isinstance(subject, Mapping) else subject) == name:
            changes.append({key: value[key] for key in _CHANGE_FIELDS if key in value})
    return changes[-MAX_CHANGES:]

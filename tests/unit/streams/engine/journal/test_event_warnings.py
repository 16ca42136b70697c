"""What is probably a mistake in an accepted event is told, and changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.values import instant_ms
from streams.engine.journal.effects import Append, SourceRecord
from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.journal.event_warnings import NO_URL
from streams.engine.journal.validate import EventValidator

NOON = instant_ms("2026-03-01T12:00:00Z")
PROPS = (
    "'props' is no field of contact.changed and is ignored - did you mean properties?"
    " The fields are account, at, contact, id, properties, status, type, visitor"
)


def validate(type_: str, **fields: Any) -> tuple[list[str], object]:
    """Returns the warnings about an event, and what becomes of it."""
    event = {"id": "e1", "type": type_, "contact": "anna", "at": "2026-03-01T11:00:00Z", **fields}
    topic, value = EVENT_TYPES[type_].topic, json.dumps({k: v for k, v in event.items() if v is not ...}).encode()
    record = SourceRecord(topic, 0, 1, NOON, b"anna", value, (), NOON)
    warnings: list[str] = []
    result = EventValidator(on_warning=warnings.append).validate(record)
    assert result == EventValidator().validate(record)
    return warnings, result


@pytest.mark.parametrize(
    ("type_", "fields", "expected"),
    [
        ("contact.changed", {"props": {"country": "DE"}}, [PROPS]),
        ("contact.changed", {"props": {"country": "DE"}, "number": 1}, [PROPS]),
        ("contact.changed", {"properties": {"props": 1}}, []),
        ("contact.changed", {"colour": "blue"}, []),
        ("contact.changed", {"contact": ..., "contact_id": "anna"}, []),  # the key says whose it is
        ("web.visited", {}, [NO_URL]),
        ("web.visited", {"url": None}, [NO_URL]),
        ("web.visited", {"uri": "/x"}, [NO_URL]),
        ("web.visited", {"url": "/x"}, []),
        ("web.visited", {"url": "/x", "colour": "blue"}, []),
        ("activity.recorded", {"name": "form"}, []),
        ("opportunity.changed", {"opportunity": "006", "modified": "2026-03-01T11:00:00Z"}, []),
    ],
)
def test_a_probable_mistake_is_told_in_one_sentence(type_: str, fields: dict[str, Any], expected: list[str]) -> None:
    warnings, result = validate(type_, **fields)
    assert isinstance(result, Append)
    assert warnings == expected


def test_a_slip_of_url_is_one_mistake_and_not_two() -> None:
    (warning,), _ = validate("web.visited", URL="/x")
    assert warning.startswith("'URL' is no field of web.visited and is ignored - did you mean url?")
    (warning,), _ = validate("opportunity.changed", opportunity="006", modified="2026-03-01T11:00:00Z", amonut=5)
    assert "did you mean amount?" in warning


@pytest.mark.parametrize("fields", [{"id": ""}, {"at": "later"}, {"status": "asleep"}])
def test_what_is_refused_needs_no_warning(fields: dict[str, Any]) -> None:
    warnings, result = validate("contact.changed", props={}, **fields)
    assert not isinstance(result, Append)
    assert warnings == []

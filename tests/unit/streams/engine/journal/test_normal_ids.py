"""In a deployment that normalizes ids, every spelling of a contact's id is one contact, whoever wrote it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.engine.journal import records
from streams.engine.journal.effects import Append, Output, Refusal, SourceRecord
from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.journal.validate import EventValidator
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.publish.lines import EventLine, Line, normalize_keys, parse_json_lines
from streams.replay.file import FileReplay

NORMAL = EventValidator("events", normalize_ids=True)
SPELLINGS = (
    "ada@example.com",
    "Ada@Example.COM",
    " ada@example.com ",
    "\tADA@example.com\n",
    "\u00a0Ada@example.com",
)


def event(type_: str = "contact.changed", **fields: Any) -> dict[str, Any]:
    return {"id": "e1", "type": type_, "at": "2026-03-01T11:00:00Z", **fields}


def journal_record(value: dict[str, Any], key: bytes | None = None) -> tuple[bytes, records.JournalEvent]:
    record = SourceRecord(EVENT_TYPES[value["type"]].topic, 0, 1, None, key, json.dumps(value).encode(), (), 0)
    result = NORMAL.validate(record)
    assert result == NORMAL.validate_by_model(record)
    assert isinstance(result, Append), result
    decoded = records.decode(result.value)
    assert isinstance(decoded, records.JournalEvent)
    return result.key, decoded


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_journal_has_the_normal_id_of_the_field_or_the_key(spelling: str) -> None:
    for value, key in (
        (event(contact=spelling), b"x"),
        (event(), spelling.encode()),
        (event(contact=" "), b"ADA@example.com"),
    ):
        journal_key, decoded = journal_record(value, key)
        assert (journal_key, decoded.owner) == (b"default/ada@example.com", "ada@example.com")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_opportunity_names_the_same_contact_and_keeps_its_own_id(spelling: str) -> None:
    value = event("opportunity.changed", opportunity="006Ab", modified="2026-03-01T11:00:00Z", contact=spelling)
    _, decoded = journal_record(value)
    assert (decoded.owner, decoded.fields["contact"]) == ("006Ab", "ada@example.com")
    blank = journal_record({**value, "contact": "  "})[1]
    assert "contact" not in blank.fields


@pytest.mark.parametrize(
    ("contact", "code"), [("  ", "no_contact"), ("A\x01b", "invalid_contact"), (7, "invalid_contact")]
)
def test_what_is_no_id_is_refused(contact: Any, code: str) -> None:
    record = SourceRecord("contact-changes", 0, 1, None, None, json.dumps(event(contact=contact)).encode(), (), 0)
    result = NORMAL.validate(record)
    assert isinstance(result, Refusal)
    assert result.code == code


def test_ids_are_kept_as_they_are_where_that_was_not_asked_for() -> None:
    value = json.dumps(event(contact=" Ada ")).encode()
    result = EventValidator("events").validate(SourceRecord("contact-changes", 0, 1, None, None, value, (), 0))
    assert isinstance(result, Append)
    assert result.key == b"default/ Ada "


def lines() -> list[dict[str, Any]]:
    visits = [event("web.visited", contact=each, url="https://example.com/") for each in SPELLINGS]
    return [{**visit, "id": f"v{number}"} for number, visit in enumerate(visits)]


def parsed() -> Any:
    return parse_json_lines(Line(f"f:{number}", json.dumps(line).encode()) for number, line in enumerate(lines()))


def test_a_file_is_replayed_as_the_deployment_would_decide_it() -> None:
    segment = {
        "id": "often",
        "dynamic": True,
        "when": {"visit": {}, "count": {"gte": len(SPELLINGS)}, "within": "1d"},
    }
    contacts = {}
    for normalize_ids in (True, False):
        outputs: list[Output] = []
        refusals: list[str] = []
        replay = FileReplay(
            {"default": {"segments": [segment]}},
            DEFAULT_ENGINE_SETTINGS,
            outputs.append,
            refusals.append,
            normalize_ids=normalize_ids,
        )
        replay.run(parsed())
        contacts[normalize_ids] = [
            json.loads(output.value or b"")["contact"] for output in outputs if output.topic == "segment-changes"
        ]
    assert contacts == {True: ["ada@example.com"], False: []}


def test_all_spellings_are_published_with_one_key_and_the_bytes_of_their_lines() -> None:
    normal = [line for line in normalize_keys(parsed()) if isinstance(line, EventLine)]
    assert {line.event.key for line in normal} == {b"ada@example.com"}
    assert {line.event.owner for line in normal} == {("default", "ada@example.com")}
    assert [json.loads(line.event.value)["contact"] for line in normal] == list(SPELLINGS)
    opportunity = event("opportunity.changed", opportunity="006Ab")
    (line,) = normalize_keys(parse_json_lines([Line("f:1", json.dumps(opportunity).encode())]))
    assert isinstance(line, EventLine)
    assert line.event.key == b"006Ab"

"""A record of an in-topic becomes a journal record or a refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.values import instant_ms
from streams.engine.journal import records, refusal_codes
from streams.engine.journal.effects import Append, Refusal, SourceRecord
from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.journal.validate import MAX_DEPTH, EventValidator
from tests.harness.project_files import PROJECT_ROOT

NOON = instant_ms("2026-03-01T12:00:00Z")
DOCS = PROJECT_ROOT / "docs" / "dead-letters.md"


def source(
    value: Any, topic: str = "contact-changes", key: bytes | None = b"anna", arrival: int = NOON
) -> SourceRecord:
    data = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
    return SourceRecord(topic, 3, 42, NOON, key, data, (), NOON)


def changed(**fields: Any) -> dict[str, Any]:
    return {"id": "e1", "type": "contact.changed", "contact": "anna", "at": "2026-03-01T11:00:00Z", **fields}


def accepted(record: SourceRecord, validator: EventValidator | None = None) -> records.JournalEvent:
    (result,) = (validator or EventValidator())(record)
    assert isinstance(result, Append), result
    event = records.decode(result.value)
    assert isinstance(event, records.JournalEvent)
    assert result.key == records.event_key(event.account, event.owner)
    return event


def code(record: SourceRecord, validator: EventValidator | None = None) -> str:
    (result,) = (validator or EventValidator())(record)
    assert isinstance(result, Refusal), result
    assert result.code in refusal_codes.INGEST_CODES
    assert result.message
    assert "\n" not in result.message
    return result.code


def test_an_event_keeps_its_coordinates_and_only_the_fields_of_its_type() -> None:
    event = accepted(source(changed(properties={"city": "Bonn", "fax": None}, colour="blue")))
    assert event == records.JournalEvent(
        type="contact.changed",
        id="e1",
        at=NOON - 3_600_000,
        account="default",
        owner="anna",
        source=("contact-changes", 3, 42),
        arrival=NOON,
        fields={"properties": {"city": "Bonn", "fax": None}},
    )


def test_where_the_contact_is_missing_the_key_names_it() -> None:
    raw = changed()
    del raw["contact"]
    assert accepted(source(raw, key="zoë".encode())).owner == "zoë"
    assert accepted(source(changed(contact=None), key=b"bert")).owner == "bert"
    assert code(source(raw, key=None)) == "no_contact"
    assert code(source(raw, key=b"")) == "no_contact"
    assert code(source(raw, key=b"\xff\xfe")) == "no_contact"


def test_the_field_wins_over_the_key() -> None:
    assert accepted(source(changed(), key=b"somebody-else")).owner == "anna"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "no_value"),
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"\xff\xfe", "invalid_json"),
        (b'{"id": "\xff"}', "invalid_json"),
        (b'{"id": "\\ud800"}', "invalid_json"),
        (b'{"n": NaN}', "invalid_json"),
        (b'{"n": 1e999}', "invalid_json"),
        (b'{"n": ' + b"9" * 6_000 + b"}", "invalid_json"),
        (b"[" * 200_000, "too_deep"),
        (b"[]", "not_an_object"),
        (b"7", "not_an_object"),
        (b"null", "not_an_object"),
    ],
)
def test_a_value_that_is_not_an_event_is_refused(value: bytes | None, expected: str) -> None:
    assert code(source(value)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"id": None}, "no_id"),
        ({"id": ""}, "no_id"),
        ({"id": 7}, "invalid_id"),
        ({"id": "x" * 256}, "invalid_id"),
        ({"contact": 7}, "invalid_contact"),
        ({"contact": "a\nb"}, "invalid_contact"),
        ({"contact": "a" * 256}, "invalid_contact"),
        ({"at": None}, "no_at"),
        ({"at": "yesterday"}, "invalid_at"),
        ({"at": "2026-03-01"}, "invalid_at"),
        ({"at": "2026-02-30T00:00:00Z"}, "invalid_at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "invalid_at"),
        ({"at": "9999-12-31T23:59:60Z"}, "invalid_at"),
        ({"at": 1_700_000_000_000}, "invalid_at"),
        ({"account": "a/b"}, "invalid_account"),
        ({"account": ""}, "invalid_account"),
        ({"account": "a\n"}, "invalid_account"),
        ({"type": None}, "unknown_type"),
        ({"type": "contact.renamed"}, "unknown_type"),
        ({"type": ["contact.changed"]}, "unknown_type"),
        ({"type": "web.visited"}, "wrong_topic"),
        ({"type": "contact.merged"}, "not_served"),
        ({"type": "contact.identified"}, "not_served"),
        ({"type": "contact.erased"}, "not_served"),
        ({"status": "asleep"}, "invalid_field"),
        ({"properties": ["city"]}, "invalid_field"),
    ],
)
def test_each_fault_has_a_code_of_its_own(fields: dict[str, Any], expected: str) -> None:
    assert code(source(changed(**fields))) == expected


@pytest.mark.parametrize(
    ("fields", "expected", "said"),
    [
        ({"type": "score.changed"}, "unknown_type", "'score.changed' - did you mean score.adjusted? The types are "),
        ({"type": "order.paid"}, "unknown_type", "'order.paid'; the types are contact.changed, "),
        ({"type": "score.adjusted", "point": 5}, "invalid_field", "points: field required - did you mean points by"),
        ({"id": None, "ids": "e1"}, "no_id", "the event has no id"),
    ],
)
def test_a_name_that_is_unknown_is_answered_with_those_that_exist(
    fields: dict[str, Any], expected: str, said: str
) -> None:
    record = source(changed(**fields), "scoring-events")
    assert code(record) == expected
    (refusal,) = EventValidator()(record)
    assert isinstance(refusal, Refusal)
    assert said in refusal.message


def test_a_slip_in_the_name_of_what_every_event_has_is_named() -> None:
    raw = changed(Contact="anna", ids="e1")
    del raw["id"], raw["contact"]
    without_key = source(raw | {"id": "e1"}, key=None)
    (nobody,), (nameless,) = EventValidator()(without_key), EventValidator()(source(raw))
    assert isinstance(nobody, Refusal)
    assert isinstance(nameless, Refusal)
    assert nobody.message.endswith(" - did you mean contact by 'Contact'?")
    assert nameless.message == "the event has no id - did you mean id by 'ids'?"


def test_a_fault_in_what_every_event_carries_is_named_before_one_of_its_type() -> None:
    assert code(source(changed(id=None, type="nonsense"))) == "no_id"
    assert code(source(changed(at="x", status="asleep"))) == "invalid_at"


def test_events_of_anonymous_visitors_are_not_served_yet() -> None:
    visit = {**changed(type="web.visited", url="https://a.example/"), "visitor": True}
    assert code(source(visit, "web-visits")) == "not_served"
    assert accepted(source({**visit, "visitor": False}, "web-visits")).fields == {"url": "https://a.example/"}


def test_nesting_is_bounded_and_brackets_in_text_do_not_count() -> None:
    deep: Any = "x"
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert code(source(changed(properties={"a": deep}))) == "too_deep"
    text = '["' * 200 + "\\"
    assert accepted(source(changed(properties={"a": text}))).fields == {"properties": {"a": text}}
    flat = [[1]] * 200
    assert accepted(source(changed(properties={"a": flat}))).fields == {"properties": {"a": flat}}


def test_an_event_larger_than_a_record_may_be_is_refused() -> None:
    assert code(source(changed(properties={"a": "x" * 1_000_000}))) == "too_large"


def test_at_is_cut_to_milliseconds() -> None:
    assert accepted(source(changed(at="2026-03-01T11:00:00.123999+01:00"))).at == instant_ms(
        "2026-03-01T10:00:00.123Z"
    )


def test_a_little_ahead_of_its_arrival_is_cut_back_and_more_is_refused() -> None:
    at_the_limit = changed(at="2026-03-01T12:05:00Z")
    beyond = changed(at="2026-03-01T12:05:00.001Z")
    assert accepted(source(at_the_limit)).at == NOON
    assert code(source(beyond)) == "in_the_future"


def test_on_the_events_clock_there_is_no_future() -> None:
    event = accepted(source(changed(at="2030-01-01T00:00:00Z")), EventValidator("events"))
    assert event.at == instant_ms("2030-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("points", "expected"),
    [(5, 5_000_000), (-0.5, -500_000), (0.1, 100_000), (0.0000005, 0), (0.0000015, 2), (1e-9, 0), (1e9, 10**15)],
)
def test_points_become_whole_millionths_rounded_half_even(points: float, expected: int) -> None:
    raw = changed(type="score.adjusted", points=points)
    assert accepted(source(raw, "scoring-events")).fields == {"points": expected}


@pytest.mark.parametrize("points", [None, "5", True, 2e9])
def test_points_that_are_no_number_within_bounds_are_refused(points: object) -> None:
    raw = changed(type="score.adjusted", points=points)
    assert code(source(raw, "scoring-events")) == "invalid_field"


TYPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "contact.changed": ({"status": "bounced"}, {"status": "bounced"}),
    "contact.deleted": ({"properties": {"a": 1}}, {"status": "deleted"}),
    "web.visited": (
        {"url": "/x", "title": "T", "referrer": "r", "campaign": "spring", "name": "n", "properties": {"p": 1}},
        {"url": "/x", "title": "T", "referrer": "r", "campaign": "spring", "name": "n", "properties": {"p": 1}},
    ),
    "activity.recorded": ({"name": "form"}, {"name": "form"}),
    "score.adjusted": (
        {"points": 1, "campaign": "c", "score": "s", "reason": "r"},
        {"points": 1_000_000, "campaign": "c", "score": "s", "reason": "r"},
    ),
    "lead.added": ({"campaign": "c", "acquired": True}, {"campaign": "c", "acquired": True}),
    "lead.qualified": ({"campaign": "c", "by": "eve"}, {"campaign": "c", "by": "eve"}),
    "lead.rejected": ({"campaign": "c"}, {"campaign": "c"}),
    "lead.removed": ({"campaign": "c"}, {"campaign": "c"}),
    "lead.reactivated": ({"campaign": "c"}, {"campaign": "c"}),
    "segment.member_added": ({"segment": "vip", "by": "eve"}, {"segment": "vip", "by": "eve"}),
    "segment.member_removed": ({"segment": "vip"}, {"segment": "vip"}),
    "crm.linked": (
        {"campaign": "c", "record": "00Q1", "member": "00v1", "hand_over": "h", "number": [1, 7, 0]},
        {"campaign": "c", "record": "00Q1", "member": "00v1", "hand_over": "h", "number": [1, 7, 0]},
    ),
    "crm.failed": (
        {"campaign": "c", "code": "deleted_in_crm"},
        {"campaign": "c", "code": "deleted_in_crm", "message": ""},
    ),
    "crm.outcome": (
        {"campaign": "c", "outcome": "won", "opportunity": "006", "amount": "10.50", "currency": "EUR"},
        {"campaign": "c", "outcome": "won", "opportunity": "006", "amount": "10.50", "currency": "EUR"},
    ),
    "opportunity.changed": (
        {"opportunity": "006", "modified": "2026-03-01T11:00:00Z", "won": True, "amount": "10.50", "currency": "EUR"},
        {
            "modified": NOON - 3_600_000,
            "version": 0,
            "won": True,
            "closed": False,
            "deleted": False,
            "amount": "10.50",
            "currency": "EUR",
            "contact": "anna",
        },
    ),
}


@pytest.mark.parametrize("name", sorted(TYPES))
def test_each_served_type_has_its_canonical_fields(name: str) -> None:
    fields, canonical = TYPES[name]
    event = accepted(source(changed(type=name, **fields), EVENT_TYPES[name].topic))
    assert event.fields == canonical
    assert event.owner == ("006" if name == "opportunity.changed" else "anna")


def test_every_type_is_served_or_refused_by_name() -> None:
    refused = {"contact.merged", "contact.identified", "contact.erased"}
    assert set(EVENT_TYPES) == set(TYPES) | refused


def test_an_opportunity_may_be_named_by_the_key() -> None:
    raw = changed(type="opportunity.changed", modified="2026-03-01T11:00:00Z")
    assert accepted(source(raw, "crm-opportunities", key=b"006X")).owner == "006X"
    assert code(source(raw, "crm-opportunities", key=None)) == "no_opportunity"


def test_the_docs_list_every_code() -> None:
    assert refusal_codes.codes_table() in DOCS.read_text()

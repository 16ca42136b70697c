"""What goes back for a dead letter: the same door, a new id, of a patch the refused part, nothing refused again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.topics import DEAD_LETTERS
from streams.engine.journal.effects import Refusal, SourceRecord
from streams.engine.journal.refusal_codes import REFUSAL_CODES
from streams.engine.journal.validate import EventValidator
from streams.engine.state.properties import validate_property
from streams.kafka.batches import RECORD_BYTES
from streams.kafka.dead_letters import DeadLetter, dead_letter_from_decision, dead_letter_from_record
from streams.kafka.partitions import partition_for_key
from streams.store.dead_letters.advice import ADVICE
from streams.store.dead_letters.edit import NO_EDIT, LetterEdit, parse_assignment
from streams.store.dead_letters.letter import Letter
from streams.store.dead_letters.repair import IN_TOPICS, Hindrance, RetryBuilder, RetryRecord
from tests.harness.runtime.fake_records import FakeRecord

AT = "2026-03-02T09:00:00.000Z"
NOW = 1_772_442_000_000
BUILDER = RetryBuilder(dict.fromkeys(IN_TOPICS, 4))


def letter_from(dead_letter: DeadLetter, offset: int = 17) -> Letter:
    record = FakeRecord(
        DEAD_LETTERS.name, 1, offset, NOW, dead_letter.key, dead_letter.value, tuple(dead_letter.headers)
    )
    return Letter.from_record(record)


def refused_at_ingest(
    topic: str, value: bytes | dict[str, Any] | None, key: bytes | None = b"ada", **headers: bytes
) -> Letter:
    """The letter that a worker writes of a record."""
    body = msgspec.json.encode(value) if isinstance(value, dict) else value
    source = SourceRecord(topic, 3, 5, NOW, key, body, tuple(headers.items()), NOW)
    refusal = EventValidator().validate(source)
    assert isinstance(refusal, Refusal)
    return letter_from(dead_letter_from_record(source, refusal))


def refused_by_decision(topic: str, event: dict[str, Any], refusal: Refusal) -> Letter:
    accepted = EventValidator().validate(SourceRecord(topic, 3, 5, NOW, b"ada", msgspec.json.encode(event), (), NOW))
    assert not isinstance(accepted, Refusal), accepted
    return letter_from(dead_letter_from_decision(refusal, (topic, 3, 5), accepted.value))


def event(type_: str, **fields: Any) -> dict[str, Any]:
    return {"id": "e1", "type": type_, "at": AT, "contact": "ada", **fields}


def build(letter: Letter, edit: LetterEdit = NO_EDIT) -> tuple[RetryRecord, dict[str, Any]]:
    record = BUILDER.build(letter, edit, NOW)
    assert isinstance(record, RetryRecord), record
    return record, msgspec.json.decode(record.value)


def hindrance(letter: Letter, edit: LetterEdit = NO_EDIT) -> Hindrance:
    outcome = BUILDER.build(letter, edit, NOW)
    assert isinstance(outcome, Hindrance)
    return outcome


def set_fields(*texts: str) -> LetterEdit:
    return LetterEdit(assignments=[parse_assignment(text) for text in texts])


NO_LEAD = Refusal("no_lead", "the contact has no lead in campaign spring")


def test_an_event_goes_back_to_its_partition_with_its_key_and_headers() -> None:
    letter = refused_at_ingest("web-visits", event("web.visited", at="soon"), b"device-9", trace=b"abc")
    record, sent = build(letter, set_fields(f"at={AT}"))
    assert (record.topic, record.partition, record.key) == ("web-visits", 3, b"device-9")
    assert dict(record.headers) == {"trace": b"abc", "retry-of": b"dead-letters:1:17"}
    assert sent == event("web.visited") | {"id": record.id}


def test_the_id_is_made_of_the_coordinates_and_the_edit() -> None:
    first = refused_by_decision("lead-commands", event("lead.qualified", campaign="spring"), NO_LEAD)
    ids = {
        build(first)[0].id,
        build(first, set_fields("campaign=autumn"))[0].id,
        build(first, set_fields("campaign=winter"))[0].id,
    }
    assert len(ids) == 3
    assert all(each.startswith("retry-1-17-") and len(each) < 255 for each in ids)
    assert build(first)[0].id == build(first, set_fields("campaign=spring"))[0].id
    assert "e1" not in ids


def test_an_event_that_becomes_somebody_elses_goes_to_that_contacts_partition() -> None:
    letter = refused_by_decision("lead-commands", event("lead.qualified", campaign="spring"), NO_LEAD)
    record, sent = build(letter, set_fields("contact=bob"))
    assert (record.key, sent["contact"]) == (b"bob", "bob")
    assert record.partition == partition_for_key(b"bob", 4)


def test_a_source_partition_that_is_no_more_is_not_asked_for() -> None:
    letter = refused_by_decision("lead-commands", event("lead.qualified", campaign="spring"), NO_LEAD)
    record = RetryBuilder(dict.fromkeys(IN_TOPICS, 2)).build(letter, NO_EDIT, NOW)
    assert isinstance(record, RetryRecord)
    assert record.partition == partition_for_key(b"ada", 2)


def test_what_came_by_a_wrong_topic_goes_to_that_of_its_type() -> None:
    letter = refused_at_ingest("web-visits", event("score.adjusted", points=5))
    assert letter.code == "wrong_topic"
    assert build(letter)[0].topic == "scoring-events"


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [("employees", "many", "number"), ("a is of the type b", "x", "number"), ("email_domain", "x", None)],
)
def test_of_a_patch_the_refused_property_alone_goes_back(name: str, value: Any, kind: Any) -> None:
    refusal = validate_property(name, value, kind)
    assert isinstance(refusal, Refusal)
    patch = event("contact.changed", properties={"city": "Bonn", "a": 1, name: value}, status="bounced")
    draft = BUILDER.build(refused_by_decision("contact-changes", patch, refusal), set_fields("id=x"), NOW)
    assert isinstance(draft, RetryRecord)
    sent = msgspec.json.decode(draft.value)
    assert sent["properties"] == {name: value}
    assert "status" not in sent


def test_of_a_patch_too_large_for_the_contact_all_properties_go_back() -> None:
    patch = event("contact.changed", properties={"a": 1, "b": 2}, status="active")
    letter = refused_by_decision("contact-changes", patch, Refusal("contact_too_large", "too large"))
    _, sent = build(letter)
    assert (sent["properties"], "status" in sent) == ({"a": 1, "b": 2}, False)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"{no", "invalid_json"),
        (b"\xff", "invalid_json"),
        (b"[]", "not_an_object"),
        (None, "no_value"),
        (b"[" * 70 + b"]" * 70, "too_deep"),
        ({"id": "e1", "type": "web.visited", "contact": "ada"}, "no_at"),
        ({"type": "web.visited", "at": "soon", "contact": "ada"}, "invalid_at"),
        (event("web.visited", account="a b"), "invalid_account"),
        (event("web.vizited"), "unknown_type"),
        (event("web.visited", visitor=True), "not_served"),
        (event("activity.recorded"), "invalid_field"),
    ],
)
def test_what_would_be_refused_again_needs_an_edit_first(value: Any, code: str) -> None:
    outcome = hindrance(refused_at_ingest("web-visits", value))
    assert (outcome.kind, outcome.reason.partition(":")[0]) == ("edit", code)
    whole = LetterEdit(document=event("web.visited", url="/"))
    assert isinstance(BUILDER.build(refused_at_ingest("web-visits", value), whole, NOW), RetryRecord)


def test_an_event_without_an_id_gets_one() -> None:
    letter = refused_at_ingest("web-visits", {"type": "web.visited", "at": AT, "contact": "ada"})
    assert letter.code == "no_id"
    assert build(letter)[1]["id"] == build(letter)[0].id


def test_what_was_ahead_of_its_time_goes_back_when_that_has_come() -> None:
    later = event("web.visited", at="2026-03-02T10:00:00Z")
    letter = refused_at_ingest("web-visits", later)
    assert letter.code == "in_the_future"
    assert hindrance(letter).kind == "edit"
    assert isinstance(BUILDER.build(letter, NO_EDIT, NOW + 3_600_000), RetryRecord)


def test_bytes_that_were_too_large_to_be_kept_are_named_where_they_are() -> None:
    source = SourceRecord("web-visits", 3, 5, NOW, b"ada", b" " * RECORD_BYTES, (), NOW)
    letter = letter_from(dead_letter_from_record(source, Refusal("too_large", "too large")))
    assert letter.value is None
    assert "web-visits:3 offset 5" in hindrance(letter).reason
    document = event("web.visited", note="x" * RECORD_BYTES)
    assert hindrance(letter, LetterEdit(document=document)).kind == "edit"


def test_what_no_in_topic_takes_back_can_never_be_sent() -> None:
    strange = [
        letter_from(DeadLetter(b"ada", b"{}", ())),
        letter_from(dead_letter_from_record(SourceRecord("journal", 0, 1, NOW, b"k", b"{}", (), NOW), NO_LEAD)),
        letter_from(dead_letter_from_decision(NO_LEAD, ("lead-commands", 0, 1), b"broken")),
        refused_by_decision(
            "contact-changes", event("contact.changed", properties={"a": 1}), Refusal("derived_property", "?")
        ),
    ]
    whole = LetterEdit(document=event("lead.qualified", campaign="spring"))
    assert [hindrance(each, whole).kind for each in strange] == ["never"] * 4


def test_an_opportunity_goes_back_under_its_own_key() -> None:
    row = {"id": "o1", "type": "opportunity.changed", "at": AT, "opportunity": "006A", "account": "default"}
    letter = refused_at_ingest("crm-opportunities", row, b"006A")
    assert (letter.code, letter.contact) == ("invalid_field", None)
    record, _ = build(letter, set_fields(f"modified={AT}", "stage=Won", "closed=true", "won=true"))
    assert (record.topic, record.key, record.partition) == ("crm-opportunities", b"006A", 3)


def test_a_second_refusal_is_a_letter_of_its_own() -> None:
    """The event that went back carries its letter; that of its own refusal replaces it."""
    source = SourceRecord("lead-commands", 3, 5, NOW, b"ada", msgspec.json.encode(event("lead.x")), (), NOW)
    once = letter_from(dead_letter_from_record(source, Refusal("unknown_type", "x")), 1)
    record, _ = build(once, set_fields("type=lead.qualified", "campaign=spring"))
    again = SourceRecord("lead-commands", 3, 6, NOW, record.key, record.value, record.headers, NOW)
    twice, _ = build(letter_from(dead_letter_from_record(again, NO_LEAD), 2))
    assert [value for name, value in twice.headers if name == "retry-of"] == [b"dead-letters:1:2"]
    assert twice.id != record.id


def test_every_code_has_an_advice() -> None:
    assert ADVICE.keys() == REFUSAL_CODES.keys()
    assert all(text and not text.endswith(".") for text in ADVICE.values())


def test_a_result_for_a_contact_stays_that_contacts_though_it_names_an_opportunity() -> None:
    result = event("crm.outcome", campaign="spring", outcome="won", opportunity="006A")
    record, _ = build(refused_by_decision("crm-results", result, NO_LEAD))
    assert (record.topic, record.key, record.partition) == ("crm-results", b"ada", 3)

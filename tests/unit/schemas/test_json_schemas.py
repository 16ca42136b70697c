"""The committed JSON Schemas are current, and the engine's inputs and outputs are valid under them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter, ValidationError

from schemas import generate
from schemas.events.crm import CrmLinked, CrmOutcome
from schemas.events.opportunities import OpportunityChanged
from schemas.outputs.letters import DeadLetterHeaders
from schemas.topics import ALL_TOPICS, CRM_RESULTS, NoModel
from streams.engine.journal.effects import Output, Refusal, SourceRecord
from streams.engine.journal.event_types import EVENT_TYPES
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.kafka.dead_letters import dead_letter_from_record
from streams.publish.lines import EventLine
from streams.publish.ordering import OutgoingEvent
from streams.replay.file import FileReplay


@cache
def validator(name: str) -> Draft202012Validator:
    schema = json.loads((generate.FOLDER / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("name", sorted(generate.MODELS))
def test_the_committed_schema_is_current(name: str) -> None:
    path = generate.FOLDER / f"{name}.json"
    assert path.read_text() == generate.schema_text(name), "run `python -m schemas.generate`"
    validator(name)


def test_there_is_a_schema_for_every_topic_that_others_read_or_write() -> None:
    names = {topic.name for topic in ALL_TOPICS if topic.direction != "internal"} - {"dead-letters"} | {"clock"}
    assert names == set(generate.MODELS) - {"dead-letters.headers", "account-definitions"}
    assert {path.name for path in generate.FOLDER.iterdir()} == {f"{name}.json" for name in generate.MODELS}


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_every_event_type_is_described_on_its_topic(name: str) -> None:
    described = json.dumps(generate.json_schema(EVENT_TYPES[name].topic))
    assert f'"const": "{name}"' in described


def test_unknown_fields_never_break_a_reader() -> None:
    event = {"id": "1", "type": "web.visited", "at": "2026-03-01T10:00:00Z", "contact": "a", "mood": "good"}
    assert validator("web-visits").is_valid(event)
    assert not validator("web-visits").is_valid({**event, "type": "web.left"})
    assert not validator("web-visits").is_valid({**event, "url": 5})


def test_a_number_of_a_hand_over_is_read_in_both_forms() -> None:
    event = {"id": "1", "type": "crm.linked", "at": "2026-03-01T10:00:00Z", "campaign": "c", "record": "r"}
    for number in ([1, 2, 3], {"partition": 1, "offset": 2, "ordinal": 3}):
        assert CrmLinked.model_validate({**event, "number": number}).number == (1, 2, 3)
        assert validator("crm-results").is_valid({**event, "number": number})
    with pytest.raises(ValidationError):
        CrmLinked.model_validate({**event, "number": {"offset": 2}})


def test_amounts_are_exact() -> None:
    event = {
        "id": "1",
        "type": "opportunity.changed",
        "at": "2026-03-01T10:00:00Z",
        "modified": "2026-03-01T10:00:00Z",
    }
    assert str(OpportunityChanged.model_validate({**event, "amount": "0.10"}).amount) == "0.10"
    assert str(OpportunityChanged.model_validate({**event, "amount": 15000}).amount) == "15000"
    for amount in ("NaN", "ten", True):
        with pytest.raises(ValidationError):
            OpportunityChanged.model_validate({**event, "amount": amount})


DEFINITIONS = {
    "account": "default",
    "segments": [
        {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}},
        {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 1}, "within": "1d"}},
    ],
    "campaigns": [
        {
            "id": "spring",
            "audience": ["busy"],
            "points_changed": True,
            "scoring": [{"id": "visit", "when": {"visit": {}}, "points": 2.5}],
            "automation": [
                {"id": "hot", "when": {"points": {"gte": 5}}, "then": {"set_status": "qualified", "notify": "sales"}}
            ],
            "salesforce": {"campaign": "701xx0000000001AAA", "member_status": "Responded"},
        }
    ],
}


def event_line(number: int, kind: str, **fields: Any) -> EventLine:
    at = f"2026-03-01T10:00:{number:02d}Z"
    value = {"id": f"e{number}", "type": kind, "contact": "anna", "at": at, **fields}
    outgoing = OutgoingEvent(EVENT_TYPES[kind].topic, b"anna", json.dumps(value).encode(), None)
    return EventLine(outgoing, "default", number)


def outputs_of_replay() -> list[Output]:
    outputs: list[Output] = []
    errors: list[str] = []
    opportunity = {"opportunity": "o1", "modified": "2026-03-01T10:00:06Z", "campaign": "spring", "currency": "EUR"}
    lines = [
        event_line(1, "contact.changed", properties={"country": "DE", "email": "a@b.example"}),
        event_line(2, "web.visited", url="https://a.example/"),
        event_line(3, "web.visited", url="https://a.example/pricing"),
        event_line(4, "lead.rejected", campaign="spring", by="eve"),
        event_line(5, "crm.linked", campaign="spring", record="r1", hand_over="h1"),
        event_line(6, "opportunity.changed", **opportunity, amount="15000.50", won=True, closed=True),
        event_line(7, "contact.changed", status="bounced"),
    ]
    FileReplay({"default": DEFINITIONS}, DEFAULT_ENGINE_SETTINGS, outputs.append, errors.append).run(lines)
    assert errors == []
    return outputs


def model_types(model: type[BaseModel]) -> tuple[str, ...]:
    names: tuple[str, ...] = model.model_fields["type"].annotation.__args__  # type: ignore[union-attr]
    return names


def keys(value: Any) -> Any:
    """Returns the keys of an object and of the objects in it; None for any other value."""
    return {name: keys(each) for name, each in value.items()} if isinstance(value, dict) else None


OUT_MODELS = {
    (topic.name, name): model
    for topic in ALL_TOPICS
    if not isinstance(topic.models, NoModel)
    for model in topic.models
    if topic.direction == "out" or model is CrmOutcome
    for name in model_types(model)
}
"""Topic and type of everything that the engine writes for others -> its model."""


def test_every_output_that_the_engine_writes_is_valid_under_its_model() -> None:
    outputs = [(output.topic, output.value) for output in outputs_of_replay() if output.value is not None]
    types = set()
    for topic, value in outputs:
        document = json.loads(value)
        types.add((topic, document["type"]))
        validator(topic).validate(document)
        model = OUT_MODELS[topic, document["type"]].model_validate_json(value)
        described = keys(model.model_dump(by_alias=True, exclude_unset=True))
        if topic == CRM_RESULTS.name:
            described["number"] = keys(document["number"])  # the model reads both forms as a list
        assert described == keys(document), "a field that no model describes"
    assert types == set(OUT_MODELS)
    assert (CRM_RESULTS.name, "crm.outcome") in types


def test_the_headers_of_a_dead_letter_are_valid_under_their_schema() -> None:
    record = SourceRecord("web-visits", 3, 42, 0, b"k", b"{", (("trace", b"1"),), 0)
    letter = dead_letter_from_record(record, Refusal("invalid_json", "not JSON"))
    headers = {name: value.decode() for name, value in letter.headers}
    assert headers["trace"] == "1"
    validator("dead-letters.headers").validate(headers)
    parsed = TypeAdapter(DeadLetterHeaders).validate_python(headers)
    assert (parsed.source_topic, parsed.source_partition, parsed.source_offset) == ("web-visits", "3", "42")

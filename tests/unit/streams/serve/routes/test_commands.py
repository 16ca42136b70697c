"""Commands become events of the in-topics, under the id that the client chose."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.kafka.batches import Headers
from tests.harness.serve.api import serving

LEAD_VERBS = {
    "qualify": "lead.qualified",
    "reject": "lead.rejected",
    "remove": "lead.removed",
    "add": "lead.added",
    "reactivate": "lead.reactivated",
}
API = "/api/v1"


@pytest.mark.parametrize(("verb", "event_type"), LEAD_VERBS.items())
async def test_a_decision_about_leads_is_one_event_for_each_contact(verb: str, event_type: str) -> None:
    body = {"campaign": "spring", "contacts": ["ada", "bob", "ada"], "by": "grace"}
    async with serving() as (api, client):
        response = await client.post(f"{API}/leads/{verb}", json=body, headers={"Idempotency-Key": "key-1"})
    assert response.status_code == 202
    events = [msgspec.json.decode(line.event.value) for line in api.writer.lines]
    assert [(each["type"], each["id"], each["contact"], each["campaign"], each["by"]) for each in events] == [
        (event_type, "key-1", "ada", "spring", "grace"),
        (event_type, "key-1", "bob", "spring", "grace"),
    ]
    assert response.json() == {
        "id": "key-1",
        "type": event_type,
        "events": [
            {"contact": "ada", "topic": "lead-commands", "partition": 0, "offset": 0},
            {"contact": "bob", "topic": "lead-commands", "partition": 0, "offset": 1},
        ],
    }


@pytest.mark.parametrize(
    ("verb", "event_type"), [("add", "segment.member_added"), ("remove", "segment.member_removed")]
)
async def test_a_list_is_kept_by_events(verb: str, event_type: str) -> None:
    async with serving() as (api, client):
        response = await client.post(f"{API}/segments/{verb}", json={"segment": "vip", "contacts": ["ada"]})
    (line,) = api.writer.lines
    event = msgspec.json.decode(line.event.value)
    assert (event["type"], event["segment"], event["id"]) == (event_type, "vip", response.json()["id"])
    assert line.event.key == b"ada"


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("segments/add", {"segment": "german", "contacts": ["ada"]}, 409, "dynamic"),
        ("segments/add", {"segment": "vpi", "contacts": ["ada"]}, 404, "did you mean vip"),
        ("leads/qualify", {"campaign": "sprin", "contacts": ["ada"]}, 404, "did you mean spring"),
        ("leads/qualify", {"campaign": "spring", "contacts": ["ada"], "account": "acme"}, 404, "acme"),
        ("leads/qualify", {"campaign": "spring", "contacts": []}, 422, "contacts"),
        ("leads/qualify", {"campaign": "spring", "contacts": ["a\u0000"]}, 422, "control"),
        ("leads/qualify", {"campaign": "spring", "contacts": ["x" * 256]}, 422, "255"),
        ("leads/qualify", {"campaign": "spring", "contacts": ["ada"] * 1_001}, 422, "1000"),
        ("leads/qualify", {"campaign": "spring", "contacts": ["ada"], "bye": "x"}, 422, "bye"),
        ("events", {"type": "contact.changd", "contact": "ada"}, 422, "did you mean contact.changed"),
        ("events", {"type": "definitions.applied", "definitions": {}}, 422, "not an event"),
        ("events", {"contact": "ada"}, 422, "no `type`"),
        ("events", {"type": "contact.changed"}, 422, "no_contact"),
        ("events", {"type": "contact.changed", "contact": "ada", "at": "yesterday"}, 422, "invalid_at"),
        ("events", {"type": "contact.changed", "contact": "ada", "at": "2999-01-01T00:00:00Z"}, 422, "in_the_future"),
        ("events", {"type": "contact.changed", "contact": "ada", "properties": 1}, 422, "invalid_field"),
        ("events", {"type": "contact.changed", "contact": "ada", "id": 7}, 422, "invalid_id"),
        ("events", [], 422, "dictionary"),
    ],
)
async def test_what_cannot_become_an_event_is_refused_and_not_written(
    path: str, body: Any, status: int, word: str
) -> None:
    async with serving() as (api, client):
        response = await client.post(f"{API}/{path}", json=body)
    assert (response.status_code, api.writer.lines) == (status, [])
    assert word in response.text
    assert response.headers["Content-Type"] == "application/problem+json"


async def test_an_event_is_written_as_it_is_with_an_id_and_an_instant() -> None:
    body = {"type": "web.visited", "contact": "ada", "url": "https://example.com/", "more": [1.5, None]}
    async with serving() as (api, client):
        response = await client.post(f"{API}/events", json=body, headers={"Idempotency-Key": "visit-1"})
    (line,) = api.writer.lines
    event = msgspec.json.decode(line.event.value)
    assert response.json()["id"] == event["id"] == "visit-1"
    assert event.pop("at").endswith("Z")
    assert event == {**body, "id": "visit-1"}
    assert line.event.topic == "web-visits"


async def test_an_event_has_one_id() -> None:
    body = {"type": "contact.changed", "contact": "ada", "id": "own"}
    async with serving() as (api, client):
        other = await client.post(f"{API}/events", json=body, headers={"Idempotency-Key": "other"})
        same = await client.post(f"{API}/events", json=body, headers={"Idempotency-Key": "own"})
        bad = await client.post(f"{API}/events", json=body, headers={"Idempotency-Key": "two words"})
    assert [other.status_code, same.status_code, bad.status_code] == [422, 202, 422]
    assert len(api.writer.lines) == 1


PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("headers", "trace"),
    [
        pytest.param({"traceparent": PARENT}, (("traceparent", PARENT.encode()),), id="a trace"),
        pytest.param(
            {"traceparent": PARENT, "tracestate": "v=1"},
            (("traceparent", PARENT.encode()), ("tracestate", b"v=1")),
            id="with its state",
        ),
        pytest.param({"traceparent": "mine"}, (), id="no trace"),
        pytest.param({}, (), id="none"),
    ],
)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("events", {"type": "contact.changed", "contact": "ada", "properties": {}}),
        ("leads/qualify", {"campaign": "spring", "contacts": ["ada"]}),
        ("segments/add", {"segment": "vip", "contacts": ["ada"]}),
    ],
)
async def test_the_trace_of_a_request_goes_on_with_what_it_writes(
    path: str, body: dict[str, Any], headers: dict[str, str], trace: Headers
) -> None:
    async with serving() as (api, client):
        response = await client.post(f"{API}/{path}", json=body, headers=headers)
    assert response.status_code == 202, response.text
    assert api.writer.traces == [trace]

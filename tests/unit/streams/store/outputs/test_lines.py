"""An output as a line: what people read of each type of record, and what machines get."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas import topics
from schemas.topics import ALL_TOPICS, DEAD_LETTERS, Topic
from streams.store.outputs.lines import human_line, is_about, machine_line
from tests.harness.runtime.fake_records import FakeRecord

AT = "2026-03-02T09:00:00.000Z"
LEAD = {"status": "qualified", "points": 20, "made": AT}
CAMPAIGN = {"id": "spring", "name": "Spring"}


def record(topic: Topic, key: str | None, value: dict[str, Any] | bytes | None, **headers: str) -> FakeRecord:
    """A record of a topic, written at the instant AT."""
    return FakeRecord(
        topic=topic.name,
        partition=0,
        offset=0,
        timestamp=1_772_442_000_000,
        key=None if key is None else key.encode(),
        value=json.dumps(value).encode() if isinstance(value, dict) else value,
        headers=tuple((name.replace("_", "-"), text.encode()) for name, text in headers.items()),
    )


def output(type_: str, **fields: Any) -> dict[str, Any]:
    cause = {"kind": "event", "event": "v-1"}
    return {"type": type_, "account": "default", "contact": "ada", "at": AT, "cause": cause, **fields}


@pytest.mark.parametrize(
    ("topic", "value", "text"),
    [
        (topics.SEGMENT_CHANGES, output("segment.entered", segment="hot"), "entered hot  [event, event v-1]"),
        (
            topics.SEGMENT_CHANGES,
            output("segment.exited", segment="hot", cause={"kind": "clock", "leaves": []}),
            "left hot  [clock]",
        ),
        (
            topics.SEGMENT_CHANGES,
            output("segment.exited", segment="hot", cause={"kind": "event", "event": "v-0", "late": True}),
            "left hot  [event, event v-0, late]",
        ),
        (
            topics.SEGMENT_CHANGES,
            output("segment.entered", segment="hot", cause={"kind": "definition", "release": 3}),
            "entered hot  [definition, release 3]",
        ),
        (
            topics.LEAD_CHANGES,
            output(
                "lead.status_changed",
                campaign="spring",
                **{"from": "active", "to": "qualified"},
                points=20,
                cause={"kind": "automation", "rule": "keen", "event": "v-1", "release": 1},
            ),
            "lead in spring: active -> qualified, 20 points  [automation, rule keen, event v-1, release 1]",
        ),
        (
            topics.LEAD_CHANGES,
            output("lead.status_changed", campaign="spring", **{"from": None, "to": "active"}, points=0),
            "lead in spring: made, active, 0 points  [event, event v-1]",
        ),
        (
            topics.LEAD_CHANGES,
            output("lead.points_changed", campaign="spring", added=-2.5, points=1.0),
            "lead in spring: -2.5, now 1 point  [event, event v-1]",
        ),
        (
            topics.QUALIFIED_LEADS,
            output("lead.handed_over", campaign=CAMPAIGN, lead=LEAD, points=20.1234567),
            "lead in spring: handed over with 20.123457 points  [event, event v-1]",
        ),
        (
            topics.QUALIFIED_LEADS,
            output("lead.handed_over", campaign=CAMPAIGN, lead=LEAD, points=1, do_not_sync=True),
            "lead in spring: handed over with 1 point, kept back by do_not_sync  [event, event v-1]",
        ),
        (
            topics.QUALIFIED_LEADS,
            output(
                "lead.updated",
                campaign=CAMPAIGN,
                lead={**LEAD, "status": "rejected"},
                occasions=["lead.rejected", "property/consent"],
                cause={"kind": "command", "event": "v-1", "by": "anna"},
            ),
            "lead in spring: rejected, told of lead.rejected, property/consent  [command, by anna, event v-1]",
        ),
        (
            topics.NOTIFICATIONS,
            output("automation.notified", notice="call", rule="keen", campaign=CAMPAIGN, lead=LEAD),
            "lead in spring: notice call  [event, event v-1]",
        ),
        (
            topics.CONTACTS,
            output("contact", status="active", properties={"country": "DE"}, score=12.0),
            "contact: active, score 12, 1 property  [event, event v-1]",
        ),
    ],
)
def test_a_line_tells_instant_contact_what_changed_and_its_cause(
    topic: Topic, value: dict[str, Any], text: str
) -> None:
    assert human_line(topic, record(topic, "default/ada", value)) == f"{AT}  ada  {text}"


def test_a_row_of_a_table_and_its_deletion() -> None:
    member = output("segment.member", segment="hot", since=AT)
    key = "default/hot/ada"
    line = human_line(topics.SEGMENT_MEMBERS, record(topics.SEGMENT_MEMBERS, key, member))
    assert line == f"{AT}  ada  member of hot since {AT}  [event, event v-1]"
    deleted = record(topics.SEGMENT_MEMBERS, key, None)
    assert human_line(topics.SEGMENT_MEMBERS, deleted) == f"{AT}  ada  row of hot deleted"
    assert machine_line(topics.SEGMENT_MEMBERS, deleted) == '{"key":"default/hot/ada","value":null}'


def test_the_account_stands_before_a_contact_of_another_than_the_default_one() -> None:
    changed = output("segment.entered", segment="hot", account="acme", contact="a/b")
    line = human_line(topics.SEGMENT_CHANGES, record(topics.SEGMENT_CHANGES, "acme/a/b", changed))
    assert line == f"{AT}  acme/a/b  entered hot  [event, event v-1]"


def test_revenue_is_about_a_campaign_and_no_contact() -> None:
    sums = {name: {"count": 1, "amount": "10.50"} for name in ("won", "lost", "open")}
    value = {**output("campaign.revenue", campaign="spring", currency="EUR", **sums)}
    line = human_line(topics.CAMPAIGN_REVENUE, record(topics.CAMPAIGN_REVENUE, "default/spring/EUR", value))
    assert "revenue of spring in EUR: won 10.50 (1), lost 10.50 (1), open 10.50 (1)" in line


LETTER = {
    "source_topic": "web-visits",
    "source_partition": "2",
    "source_offset": "12",
    "error_code": "invalid_json",
    "error_message": "the value is not JSON",
}


def test_a_dead_letter_tells_its_code_and_its_source() -> None:
    letter = record(DEAD_LETTERS, "ada", b"{no\nJSON", **LETTER, other="x")
    assert human_line(DEAD_LETTERS, letter) == (
        f"{AT}  ada  dead letter invalid_json: the value is not JSON  [web-visits:2 offset 12]"
    )
    assert json.loads(machine_line(DEAD_LETTERS, letter)) == {
        **{name.replace("_", "-"): text for name, text in LETTER.items()},
        "key": "ada",
        "value": "{no\nJSON",
    }


def test_a_dead_letter_without_a_key_or_with_any_bytes_is_one_line_too() -> None:
    for value in (None, b"", b"\xff\xfe\x00", b"[1]", b"7"):
        letter = record(DEAD_LETTERS, None, value, **{**LETTER, "error_message": "a\nb\x1b[31m"})
        line = human_line(DEAD_LETTERS, letter)
        assert line.startswith(f"{AT}  -  dead letter invalid_json: a?b?[31m")
        assert json.loads(machine_line(DEAD_LETTERS, letter))["key"] is None


@pytest.mark.parametrize("value", [b"no JSON", b"[]", b'{"type":"segment.entered"}', b'{"type":"lead","cause":7}'])
def test_a_record_that_no_leadstream_wrote_is_a_line_that_says_so(value: bytes) -> None:
    for topic in ALL_TOPICS:
        if topic.direction == "out" and topic is not DEAD_LETTERS:
            line = human_line(topic, record(topic, "x", value))
            assert line.endswith(("a record that no Leadstream wrote", "a record of an unknown type"))


def test_a_machine_gets_the_record_as_it_is() -> None:
    value = b'{"type":"segment.entered","new":1.0,"name":"\xc3\xbc"}'
    assert machine_line(topics.SEGMENT_CHANGES, record(topics.SEGMENT_CHANGES, "k", value)) == value.decode()


@pytest.mark.parametrize(
    ("topic", "key", "account", "contact", "is_shown"),
    [
        (topics.SEGMENT_CHANGES, "default/ada", None, None, True),
        (topics.SEGMENT_CHANGES, "default/ada", "default", "ada", True),
        (topics.SEGMENT_CHANGES, "default/ada", None, "ad", False),
        (topics.SEGMENT_CHANGES, "acme/ada", "default", "ada", False),
        (topics.SEGMENT_CHANGES, "default/a/b", None, "a/b", True),
        (topics.LEADS, "default/spring/a/b", None, "a/b", True),
        (topics.LEADS, "default/spring/ada", "default", "spring", False),
        (topics.CAMPAIGN_REVENUE, "default/spring/EUR", "default", None, True),
        (topics.CAMPAIGN_REVENUE, "default/spring/EUR", None, "EUR", False),
    ],
)
def test_an_account_and_a_contact_choose_records_by_their_keys(
    topic: Topic, key: str, account: str | None, contact: str | None, is_shown: bool
) -> None:
    assert is_about(topic, record(topic, key, None), account, contact) is is_shown


def test_a_dead_letter_is_about_the_contact_of_its_event_or_of_its_key() -> None:
    event = record(DEAD_LETTERS, "bob", {"contact": "ada", "account": "acme"}, **LETTER)
    bytes_alone = record(DEAD_LETTERS, "bob", b"no JSON", **LETTER)
    assert is_about(DEAD_LETTERS, event, "acme", "ada")
    assert not is_about(DEAD_LETTERS, event, None, "bob")
    assert is_about(DEAD_LETTERS, bytes_alone, None, "bob")

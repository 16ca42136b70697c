"""`leadstream dead-letters` beside a worker, as an operator uses it: look, mend, send again, once."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from schemas.values import instant_text
from tests.harness.cli import leadstream, start_leadstream
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.engine.engine_driver import DAY, START
from tests.harness.kafka.broker import fresh_prefix

DEFINITIONS = """
properties: {employees: number, seats: number}
segments: [{id: vip}]
campaigns: [{id: spring}]
"""


def at(days: float) -> str:
    return instant_text(START + int(days * DAY))


def event(name: str, type_: str, contact: str = "ada", days: float = 1, **fields: Any) -> dict[str, Any]:
    return {"id": name, "type": type_, "at": at(days), "contact": contact, **fields}


@pytest.fixture(scope="module")
def place(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A worker with definitions, on the events clock."""
    folder = tmp_path_factory.mktemp("letters")
    with Pipeline(kafka, fresh_prefix(), folder, clock="events", partitions=2) as pipeline:
        pipeline.start_worker()
        pipeline.apply(DEFINITIONS, "--wait")
        yield pipeline


def publish(place: Pipeline, *events: dict[str, Any]) -> None:
    place.publish(events)
    place.wait_until_settled()


def send_raw(place: Pipeline, topic: str, *values: bytes, headers: list[tuple[str, bytes]] | None = None) -> None:
    """Records as a producer of somebody else writes them."""

    async def send() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=place.settings.bootstrap)
        await producer.start()
        try:
            for value in values:
                await producer.send_and_wait(
                    place.settings.prefix + topic, value, b"raw", partition=0, headers=headers or []
                )
        finally:
            await producer.stop()

    asyncio.run(send())


def letters(place: Pipeline, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked(place, "list", *options)["letters"]
    return found


def asked(place: Pipeline, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(place.run_command("dead-letters", *arguments, "--json").stdout)
    return answer


def contact_row(place: Pipeline, contact: str) -> dict[str, Any]:
    row: dict[str, Any] = place.read_table("contacts")[f"default/{contact}"]
    return row


def retried_events(place: Pipeline, topic: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of an in-topic that were sent again, with the letter that each was."""
    return [
        (dict(record.headers)["retry-of"].decode(), msgspec.json.decode(record.value))
        for partition in place.read_records(topic).values()
        for record in partition
        if "retry-of" in dict(record.headers)
    ]


def test_letters_are_listed_by_code_topic_and_contact_with_counts(place: Pipeline) -> None:
    publish(
        place,
        event("l1", "web.visited", "lena", url="/") | {"at": "yesterday"},
        event("l2", "lead.qualified", "lena", campaign="spring"),
        event("l3", "contact.changed", "lena", properties={"employees": "many"}),
        event("l4", "lead.qualified", "lars", campaign="spring") | {"account": "default"},
    )
    of_lena = asked(place, "list", "--contact", "lena")
    assert of_lena["by_code"] == {"invalid_at": 1, "no_lead": 1, "wrong_property_type": 1}
    assert (of_lena["count"], of_lena["retried"]) == (3, 0)
    assert [each["contact"] for each in letters(place, "--code", "no_lead")] == ["lena", "lars"]
    [visit] = letters(place, "--topic", "web-visits", "--contact", "lena")
    assert (visit["code"], visit["event"]["id"], visit["source"]["topic"]) == ("invalid_at", "l1", "web-visits")
    assert letters(place, "--account", "nobody") == []
    assert letters(place, "--until", "2026-01-01T00:00:00Z") == []
    assert len(letters(place, "--contact", "lena", "--since", "2026-01-01T00:00:00Z")) == 3
    human = place.run_command("dead-letters", "list", "--contact", "lena", "--limit", "1")
    assert human.stdout.count("\n") == 1
    assert "the newest 1 of 3 dead letters (" in human.stderr


def test_a_letter_shows_what_was_refused_and_what_to_do(place: Pipeline) -> None:
    publish(place, event("s1", "lead.rejected", "sam", campaign="sprig"))
    [letter] = letters(place, "--contact", "sam")
    assert letter["code"] == "unknown_campaign"
    text = place.run_command("dead-letters", "show", letter["letter"]).stdout
    assert "came from    lead-commands:" in text
    assert "refused when it was decided" in text
    assert "`retry --set campaign=NAME`" in text
    assert '"campaign": "sprig"' in text
    whole = asked(place, "show", letter["letter"])
    assert (whole["event"]["id"], whole["hindrance"], whole["retried"]) == ("s1", None, None)
    gone = leadstream("dead-letters", "show", "0:99999", env=place.environment)
    assert (gone.returncode, gone.stderr.count("\n")) == (64, 1)


def test_a_wrong_name_is_corrected_in_many_letters_at_once(place: Pipeline) -> None:
    names = [f"many-{number}" for number in range(7)]
    publish(place, *(event(f"m-{name}", "lead.added", name, campaign="sping") for name in names))
    sent = asked(place, "retry", "--code", "unknown_campaign", "--topic", "lead-commands", "--set", "campaign=spring",
                 "--since", at(0), "--yes", "--contact", names[0])  # fmt: skip
    assert (sent["sent"], sent["by_topic"]) == (1, {"lead-commands": 1})
    for name in names[1:]:
        asked(place, "retry", "--contact", name, "--set", "campaign=spring", "--yes")
    place.wait_until_settled()
    leads = place.read_table("leads")
    assert {f"default/spring/{name}" for name in names} <= leads.keys()
    assert all(each["retried"]["edited"] for name in names for each in letters(place, "--contact", name))


def test_of_a_patch_only_the_refused_part_goes_back(place: Pipeline) -> None:
    publish(
        place,
        event("p1", "contact.changed", "pia", 1, properties={"employees": "many", "seats": "few", "city": "Bonn"},
              status="bounced"),
        event("p2", "contact.changed", "pia", 2, properties={"city": "Köln"}, status="active"),
    )  # fmt: skip
    by_text = {each["message"].split()[0]: each["letter"] for each in letters(place, "--contact", "pia")}
    assert by_text.keys() == {"employees", "seats"}
    asked(place, "retry", by_text["employees"], "--set", "properties.employees=80", "--yes")
    place.wait_until_settled()
    row = contact_row(place, "pia")
    assert (row["properties"]["city"], row["properties"]["employees"], row["status"]) == ("Köln", 80, "active")
    [(_, again)] = [each for each in retried_events(place, "contact-changes") if each[1]["contact"] == "pia"]
    assert again["properties"] == {"employees": 80}
    assert again["id"] != "p1"
    assert "status" not in again


def test_what_was_sent_again_is_never_sent_twice(place: Pipeline) -> None:
    publish(place, event("t1", "lead.qualified", "tom", campaign="spring"))
    [letter] = letters(place, "--contact", "tom")
    publish(place, event("t2", "lead.added", "tom", campaign="spring"))
    first = asked(place, "retry", letter["letter"], "--yes")
    second = asked(place, "retry", letter["letter"], "--yes")
    third = asked(place, "retry", letter["letter"], "--set", "by=sofia", "--yes")
    assert [each["sent"] for each in (first, second, third)] == [1, 0, 0]
    assert second["sent_before"] == third["sent_before"] == 1
    place.wait_until_settled()
    assert place.read_table("leads")["default/spring/tom"]["status"] == "qualified"
    assert letters(place, "--contact", "tom", "--not-retried") == []
    [mark] = [each["retried"] for each in letters(place, "--contact", "tom", "--retried")]
    assert mark["id"] == first["ids"][0]
    assert f"as {mark['id']}" in place.run_command("dead-letters", "show", letter["letter"]).stdout


def test_what_would_be_refused_again_is_not_sent(place: Pipeline) -> None:
    send_raw(place, "web-visits", b"{no json")
    publish(place, event("w1", "web.visited", "wim", url="/") | {"at": "tomorrow"})
    [wim] = letters(place, "--contact", "wim")
    [raw] = letters(place, "--code", "invalid_json")
    assert raw["value"] == "{no json"
    answer = leadstream(
        "dead-letters", "retry", wim["letter"], raw["letter"], "--yes", "--json", env=place.environment
    )
    assert answer.returncode == 1
    report = json.loads(answer.stdout)
    assert report["sent"] == 0
    assert {(each["kind"], each["code"]) for each in report["not_sent"]} == {
        ("edit", "invalid_at"),
        ("edit", "invalid_json"),
    }


def test_an_event_is_mended_in_an_editor_or_from_a_file(place: Pipeline, tmp_path: Path) -> None:
    publish(place, event("d1", "contact.changed", "dora", properties={"city": "Rome"}) | {"at": "soon"})
    [letter] = letters(place, "--contact", "dora")
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\nsed -i \'s/"soon"/"{at(3)}"/\' "$1"\n')
    editor.chmod(0o755)
    environment = {**place.environment, "VISUAL": "", "EDITOR": str(editor)}
    edited = leadstream("dead-letters", "retry", letter["letter"], "--edit", env=environment)
    assert edited.returncode == 0, edited.stderr
    assert "1 event sent again" in edited.stdout
    send_raw(place, "contact-changes", b"[1]")
    [raw] = letters(place, "--code", "not_an_object")
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event("ignored", "contact.changed", "emil", properties={"city": "Oslo"})))
    asked(place, "retry", raw["letter"], "--edit-with", str(file), "--yes")
    place.wait_until_settled()
    assert contact_row(place, "dora")["properties"]["city"] == "Rome"
    assert contact_row(place, "emil")["properties"]["city"] == "Oslo"
    unchanged = leadstream(
        "dead-letters", "retry", letters(place, "--code", "invalid_json")[0]["letter"], "--edit",
        env={**place.environment, "VISUAL": "true"},
    )  # fmt: skip
    assert (unchanged.returncode, unchanged.stderr.count("\n")) == (64, 1)
    assert "nothing was changed" in unchanged.stderr


def test_what_no_in_topic_takes_back_is_said_to_be_lost(place: Pipeline) -> None:
    reason = [
        ("source-partition", b"0"),
        ("source-offset", b"7"),
        ("error-code", b"no_lead"),
        ("error-message", b"x"),
    ]
    send_raw(place, "dead-letters", b"{}", headers=[("source-topic", b"lead-commands"), *reason])
    send_raw(place, "dead-letters", b'{"type": "a"}', headers=[("source-topic", b"journal"), *reason])
    send_raw(place, "dead-letters", b"whatever")
    answer = asked(place, "retry", "--contact", "raw", "--yes")
    never = [each for each in answer["not_sent"] if each["kind"] == "never"]
    reasons = {example["reason"] for each in never for example in each["examples"]}
    assert reasons == {
        "its event cannot be read back from the journal",
        "it came from journal, which is no in-topic",
        "it does not say where it came from: no Leadstream wrote it",
    }


def test_without_an_answer_nothing_is_sent(place: Pipeline) -> None:
    publish(place, event("q1", "lead.qualified", "quin", campaign="spring"))
    asked_back = leadstream("dead-letters", "retry", "--contact", "quin", env=place.environment)
    assert asked_back.returncode == 1
    assert "1 letter to send again: no_lead 1; 1 to lead-commands" in asked_back.stderr
    assert [each["retried"] for each in letters(place, "--contact", "quin")] == [None]


def test_a_run_that_is_killed_leaves_each_letter_sent_once_or_not_at_all(kafka: str, tmp_path: Path) -> None:
    with Pipeline(kafka, fresh_prefix(), tmp_path, clock="events", partitions=2) as pipeline:
        pipeline.start_worker()
        pipeline.apply(DEFINITIONS, "--wait")
        count = 3_000
        pipeline.publish(
            [event(f"k{number}", "lead.qualified", f"c{number}", campaign="spring") for number in range(count)]
        )
        pipeline.wait_until_settled()
        assert asked(pipeline, "list", "--limit", "0")["count"] == count
        runs = [
            start_leadstream("dead-letters", "retry", "--code", "no_lead", "--yes", env=pipeline.environment)
            for _ in range(2)
        ]
        some = lambda: sum(map(len, pipeline.read_records("dead-letter-retries").values())) > 0  # noqa: E731
        wait_until(some, LIMIT_SECONDS, "nothing was sent again")
        runs[0].send_signal(signal.SIGKILL)
        for run in runs:
            run.communicate(timeout=LIMIT_SECONDS)
        done = leadstream("dead-letters", "retry", "--code", "no_lead", "--yes", "--json", env=pipeline.environment)
        assert done.returncode == 0, done.stderr
        pipeline.wait_until_settled()
        sent = Counter(name for name, _ in retried_events(pipeline, "lead-commands"))
        originals = [each for each in sent if sent[each] != 1]
        assert originals == []
        # Nobody made the leads, so that each was refused a second time.
        first = {each["letter"] for each in letters(pipeline, "--limit", "100000") if each["event"]["id"][0] == "k"}
        assert len(first) == count
        assert {f"dead-letters:{each}" for each in first} <= sent.keys()

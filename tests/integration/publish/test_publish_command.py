"""`leadstream publish`, `leads` and `segments`, run as a user runs them."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from connectors.ports import free_port
from streams.kafka.clients import fetch_partitions
from streams.kafka.partitions import partition_for_key
from streams.kafka.topic_admin import create_topics
from streams.settings import Settings
from tests.harness.cli import leadstream

LOG = (
    '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /pricing HTTP/1.1" 200 512 "-" "agent"\n'
    '192.0.2.8 - - [17/May/2015:10:05:01 +0000] "GET / HTTP/1.1" 200 512 "-" "agent"\n'
    '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /pricing HTTP/1.1" 200 512 "-" "agent"\n'
    "what is this\n"
)
DEFINITIONS = {
    "segments": [
        {"id": "vip"},
        {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}},
    ],
    "campaigns": [{"id": "spring-trial"}],
}


@pytest.fixture
def environment(kafka: str, prefix: str) -> dict[str, str]:
    """Creates the topics of a deployment on the events clock, and returns its environment variables."""
    settings = Settings(bootstrap=kafka, prefix=prefix, clock="events", partitions=2, in_partitions=3)
    asyncio.run(create_topics(settings))
    return {"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix}


@pytest.fixture
def wall_environment(kafka: str, prefix: str) -> dict[str, str]:
    """Creates the topics of a deployment on the wall clock, and returns its environment variables."""
    settings = Settings(bootstrap=kafka, prefix=prefix, clock="wall", partitions=2, in_partitions=3)
    asyncio.run(create_topics(settings))
    return {"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix}


def records(environment: dict[str, str], topic: str) -> list[Any]:
    """Returns all records of a topic, partition by partition."""

    async def read() -> list[Any]:
        name = environment["LEADSTREAM_PREFIX"] + topic
        consumer = AIOKafkaConsumer(bootstrap_servers=environment["LEADSTREAM_BOOTSTRAP"])
        await consumer.start()
        try:
            partitions = (await fetch_partitions(environment["LEADSTREAM_BOOTSTRAP"], [name]))[name]
            consumer.assign(partitions)
            await consumer.seek_to_beginning()
            all_records = []
            for partition, end in (await consumer.end_offsets(partitions)).items():
                while await consumer.position(partition) < end:
                    all_records += (await consumer.getmany(partition, timeout_ms=500)).get(partition, [])
            return all_records
        finally:
            await consumer.stop()

    return asyncio.run(read())


def values(environment: dict[str, str], topic: str) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in records(environment, topic)]


def events(path: Path, *lines: dict[str, Any] | str) -> str:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return str(path)


def test_an_access_log_becomes_visits_and_advances_the_clock_to_its_end(
    environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "access.log.gz"
    log.write_bytes(gzip.compress(LOG.encode()))
    result = leadstream("publish", "--format", "access-log", "--as", "contact", "--json", str(log), env=environment)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert (report["published"], report["refused"]) == (3, 1)
    assert report["refused_lines"][0]["where"] == f"{log}:4"
    visits = records(environment, "web-visits")
    assert sorted(record.key for record in visits) == [b"192.0.2.7", b"192.0.2.7", b"192.0.2.8"]
    assert len({json.loads(record.value)["id"] for record in visits}) == 3
    # The partition that any other Kafka client would choose.
    assert all(record.partition == partition_for_key(record.key, 3) for record in visits)
    (advance,) = values(environment, "clock")
    assert advance["at"] == "2015-05-17T10:05:03.001Z"  # 1 ms after the last visit
    assert sum(end for name, end in advance["ends"].items() if name.startswith("web-visits:")) == 3
    assert len(advance["ends"]) == 7 * 3


def test_lines_after_until_are_skipped_and_the_clock_advances_to_that_instant(
    environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_text(LOG)
    until = "2015-05-17T10:05:01Z"
    result = leadstream("publish", "--format", "access-log", "--until", until, "--json", str(log), env=environment)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["passed_over"] == 2
    assert [advance["at"] for advance in values(environment, "clock")] == ["2015-05-17T10:05:01.001Z"]


def test_lines_without_a_topic_are_reported_and_the_rest_is_published(
    environment: dict[str, str], tmp_path: Path
) -> None:
    good = {"id": "1", "type": "contact.changed", "contact": "ann", "at": "2026-03-01T00:00:00Z"}
    file = events(tmp_path / "events.jsonl", "{broken", good, {"type": "contact.chnaged"})
    result = leadstream("publish", file, env=environment)
    assert result.returncode == 65
    assert f"{file}:1: not a JSON object" in result.stderr
    assert f"{file}:3: no topic takes events of type 'contact.chnaged'" in result.stderr
    assert "1 event published, 2 lines not published" in result.stdout
    assert [value["id"] for value in values(environment, "contact-changes")] == ["1"]


def test_definitions_in_a_file_become_a_release_at_their_instant(environment: dict[str, str], tmp_path: Path) -> None:
    applied = {"type": "definitions.applied", "at": "2026-03-01T00:00:00Z", "definitions": DEFINITIONS}
    result = leadstream("publish", events(tmp_path / "one.jsonl", applied, applied), env=environment)
    assert result.returncode == 0, result.stderr
    first, second = values(environment, "definitions")
    assert (first["based_on"], second["based_on"]) == (0, 1)
    assert first["at"] == "2026-03-01T00:00:00.000Z"
    refused = {**applied, "definitions": {"segments": [{"id": "x", "when": {"property": "a", "equals": 1}}]}}
    file = events(tmp_path / "two.jsonl", refused)
    result = leadstream("publish", file, env=environment)
    assert result.returncode == 78
    assert f"{file}:1" in result.stderr
    assert len(values(environment, "definitions")) == 2


def test_manual_decisions_are_published_once_for_each_contact(environment: dict[str, str], tmp_path: Path) -> None:
    time = {"type": "clock.advanced", "at": "2026-03-02T00:00:00Z"}
    applied = {"type": "definitions.applied", "at": "2026-03-01T00:00:00Z", "definitions": DEFINITIONS}
    assert leadstream("publish", events(tmp_path / "a.jsonl", applied, time), env=environment).returncode == 0
    file = tmp_path / "contacts.txt"
    file.write_text("bob\n\nann\ncara\n")
    result = leadstream(
        "leads", "qualify", "spring-trial", "ann", "--by", "sofia", "--file", str(file), env=environment
    )
    assert result.returncode == 0, result.stderr
    commands = values(environment, "lead-commands")
    assert sorted(command["contact"] for command in commands) == ["ann", "bob", "cara"]
    assert len({command["id"] for command in commands}) == 3
    assert {(command["type"], command["campaign"], command["by"]) for command in commands} == {
        ("lead.qualified", "spring-trial", "sofia")
    }
    assert {command["at"] for command in commands} == {"2026-03-02T00:00:00.001Z"}  # the last clock value
    result = leadstream("segments", "add", "vip", "ann", "--json", env=environment)
    assert json.loads(result.stdout)["published"] == 1
    assert [value["type"] for value in values(environment, "segment-commands")] == ["segment.member_added"]


def test_commands_that_the_definitions_do_not_allow_are_refused_at_once(
    environment: dict[str, str], tmp_path: Path
) -> None:
    nothing_yet = leadstream("segments", "add", "vip", "ann", env=environment)
    assert (nothing_yet.returncode, "has no definitions yet" in nothing_yet.stderr) == (64, True)
    applied = {"type": "definitions.applied", "at": "2026-03-01T00:00:00Z", "definitions": DEFINITIONS}
    assert leadstream("publish", events(tmp_path / "a.jsonl", applied), env=environment).returncode == 0
    for arguments, message in (
        (("leads", "reject", "spring-trail", "ann"), "did you mean spring-trial?"),
        (("segments", "add", "vipp", "ann"), "did you mean vip?"),
        (("segments", "remove", "german", "ann"), "is dynamic"),
        (("segments", "add", "vip"), "name the contacts"),
    ):
        refused = leadstream(*arguments, env=environment)
        assert refused.returncode == 64
        assert message in refused.stderr
        assert refused.stderr.count("\n") == 1
    assert values(environment, "lead-commands") == values(environment, "segment-commands") == []


def test_without_a_broker_or_topics_one_line_says_what_to_do(kafka: str, prefix: str, tmp_path: Path) -> None:
    file = events(tmp_path / "a.jsonl")
    nobody = {"LEADSTREAM_BOOTSTRAP": f"127.0.0.1:{free_port()}"}
    no_broker = leadstream("publish", file, env=nobody)
    assert (no_broker.returncode, no_broker.stderr.count("\n")) == (69, 1)
    assert "broker start" in no_broker.stderr
    no_topics = leadstream("publish", file, env={"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix})
    assert (no_topics.returncode, no_topics.stderr.count("\n")) == (78, 1)
    assert "topics create" in no_topics.stderr


def test_the_published_bytes_are_those_of_the_line(environment: dict[str, str], tmp_path: Path) -> None:
    text = (
        '{"id":"1","type":"score.adjusted","points":1.10,"contact":"ann","at":"2026-03-01T00:00:00Z","new":{"a":1}}'
    )
    result = leadstream("publish", events(tmp_path / "a.jsonl", text), env=environment)
    assert result.returncode == 0, result.stderr
    (record,) = records(environment, "scoring-events")
    assert record.value == text.encode()


def test_csv_is_published_by_a_mapping_and_bad_rows_are_named(environment: dict[str, str], tmp_path: Path) -> None:
    definitions = tmp_path / "definitions.json"
    definitions.write_text(json.dumps({**DEFINITIONS, "properties": {"employees": "number"}}))
    applied = leadstream("definitions", "apply", str(definitions), env=environment)
    assert applied.returncode == 0, applied.stderr
    table = tmp_path / "people.csv"
    table.write_text("No,Staff,Seen\nada,50,2026-03-01T09:00:00Z\nbob,many,2026-03-01T09:00:00Z\n")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("No: contact\nSeen: at\n")
    arguments = ["publish", "--format", "csv", "--mapping", str(mapping), "--map", "Staff=employees", str(table)]
    result = leadstream(*arguments, "--json", env=environment)
    assert result.returncode == 65, result.stderr
    report = json.loads(result.stdout)
    assert f"with --load {report['load']} the same files continue it" in result.stderr
    assert (report["topics"], report["refused"]) == ({"contact-changes": 1}, 1)
    assert report["refused_lines"][0]["where"].endswith("people.csv:3")
    assert leadstream(*arguments, "--load", report["load"], env=environment).returncode == 65
    assert leadstream(*arguments, env=environment).returncode == 65
    first, repeated, loaded_anew = values(environment, "contact-changes")
    assert first == repeated
    assert first == {**loaded_anew, "id": first["id"]}
    assert first["id"] != loaded_anew["id"]
    assert (first["contact"], first["at"], first["properties"]) == ("ada", "2026-03-01T09:00:00Z", {"employees": 50})


def test_a_table_with_a_bad_byte_and_a_stray_quote_is_published_without_these_rows(
    environment: dict[str, str], tmp_path: Path
) -> None:
    table = tmp_path / "people.csv"
    rows = b"".join(b"c%d,DE\n" % number for number in range(200))
    table.write_bytes(b'No,Land\nada,\xd6sterreich\nbob,"DE\n' + rows)
    arguments = ["publish", "--format", "csv", "--map", "No=contact", "--map", "Land=country"]
    result = leadstream(*arguments, "--at", "2026-03-01T00:00:00Z", "--account", "nope", str(table), env=environment)
    assert (result.returncode, result.stdout) == (65, "200 events published, 2 lines not published\n")
    assert "warning: account 'nope' has no definitions yet" in result.stderr
    assert f"{table}:2: not UTF-8 text: byte 0xd6" in result.stderr
    assert f"{table}:3: not CSV" in result.stderr
    assert len(values(environment, "contact-changes")) == 200


def test_files_before_an_unreadable_file_are_published_and_counted(
    environment: dict[str, str], tmp_path: Path
) -> None:
    first = tmp_path / "people.csv"
    first.write_text("No\nada\nbob\n")
    arguments = ["publish", "--format", "csv", "--map", "No=contact", "--at", "2026-03-01T00:00:00Z"]
    result = leadstream(*arguments, str(first), str(tmp_path / "nowhere.csv"), env=environment)
    assert (result.returncode, result.stdout) == (65, "2 events published\n")
    assert "nowhere.csv cannot be read" in result.stderr
    assert len(values(environment, "contact-changes")) == 2
    assert records(environment, "clock") == []


def test_on_the_wall_clock_the_future_is_refused_before_anything_is_sent(
    wall_environment: dict[str, str], tmp_path: Path
) -> None:
    table = tmp_path / "people.csv"
    table.write_text("No\nada\n")
    definitions = tmp_path / "definitions.json"
    definitions.write_text(json.dumps(DEFINITIONS))
    later = ["--at", "2100-01-01T00:00:00Z"]
    for arguments, message in (
        (["publish", "--format", "csv", "--map", "No=contact", *later, str(table)], "is in the future"),
        (["definitions", "apply", str(definitions), *later], "there is no applying in advance"),
    ):
        refused = leadstream(*arguments, env=wall_environment)
        assert (refused.returncode, refused.stdout) == (64, "")
        assert message in refused.stderr.splitlines()[-1]
    assert records(wall_environment, "contact-changes") == records(wall_environment, "definitions") == []
    assert leadstream("definitions", "apply", str(definitions), env=wall_environment).returncode == 0
    refused = leadstream("segments", "add", "vip", "ada", *later, env=wall_environment)
    assert (refused.returncode, "is in the future" in refused.stderr) == (64, True)
    assert records(wall_environment, "segment-commands") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "csv"], "needs --map COLUMN=FIELD or --mapping FILE"),
        (["--map", "No=contact"], "are for --format csv"),
        (["--format", "csv", "--map", "No=contact", "--delimiter", "--"], "one character stands between cells"),
        (["--format", "csv", "--map", "Nr=contact"], "has no column 'Nr'; its columns are No"),
        (["--format", "csv", "--map", "No=contact", "--account", "a b"], "'a b' is no account"),
    ],
)
def test_an_impossible_mapping_is_one_clear_line(
    environment: dict[str, str], tmp_path: Path, arguments: list[str], message: str
) -> None:
    table = tmp_path / "people.csv"
    table.write_text("No\nada\n")
    result = leadstream("publish", *arguments, str(table), env=environment)
    assert result.returncode in (64, 65)
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1

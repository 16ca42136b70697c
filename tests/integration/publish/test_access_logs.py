"""`leadstream publish --format access-log`, run as a user runs it on the logs of real servers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from streams.kafka.topic_admin import create_topics
from streams.settings import Settings
from tests.harness.cli import leadstream
from tests.harness.kafka.topic_reader import read_topic
from tests.harness.project_files import PROJECT_ROOT

LOGS = PROJECT_ROOT / "tests" / "fixtures" / "access_logs"
CLIENTS = ["192.0.2.10", "192.0.2.10", "198.51.100.23", "2001:db8::7"]
GOOD = '192.0.2.{} - - [17/May/2015:10:05:03 +0000] "GET /pricing HTTP/1.1" 200 512 "-" "agent"\n'
PUBLISH = ("publish", "--format", "access-log")


@pytest.fixture
def environment(kafka: str, prefix: str) -> dict[str, str]:
    """Creates the topics of a deployment on the events clock, and returns its environment variables."""
    settings = Settings(bootstrap=kafka, prefix=prefix, clock="events", partitions=2, in_partitions=3)
    asyncio.run(create_topics(settings))
    return {"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix}


def visits(environment: dict[str, str]) -> list[dict[str, Any]]:
    """Returns the visits in the topic; the key of each record is its contact."""

    topic = environment["LEADSTREAM_PREFIX"] + "web-visits"
    partitions = asyncio.run(read_topic(environment["LEADSTREAM_BOOTSTRAP"], topic, "read_uncommitted"))
    records = [record for partition in partitions.values() for record in partition]
    events: list[dict[str, Any]] = [json.loads(record.value) for record in records]
    assert [record.key.decode() for record in records] == [event["contact"] for event in events]
    return events


def test_logs_of_servers_and_collectors_are_published_under_their_clients(environment: dict[str, str]) -> None:
    names = ["virtual-host-apache.log", "syslog-file.log", "docker-json-file.log", "caddy.log"]
    result = leadstream(*PUBLISH, "--json", *(str(LOGS / name) for name in names), env=environment)
    assert (result.returncode, json.loads(result.stdout)["refused"]) == (0, 0), result.stderr
    events = visits(environment)
    assert sorted(event["contact"] for event in events) == sorted(CLIENTS * len(names))
    assert {event["at"] for event in events} == {f"2026-03-01T09:30:0{second}.000Z" for second in range(4)}


def test_a_log_format_and_a_client_field_say_who_the_visitors_behind_a_proxy_are(environment: dict[str, str]) -> None:
    log_format = (
        '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"'
        ' "$http_user_agent" "$http_x_forwarded_for"'
    )
    log = str(LOGS / "nginx-main-behind-proxy.log")
    options = ("--log-format", log_format, "--client-field", "X-Forwarded-For")
    result = leadstream(*PUBLISH, *options, log, env=environment)
    assert (result.returncode, result.stdout) == (0, "4 events published\n"), result.stderr
    assert sorted(event["contact"] for event in visits(environment)) == CLIENTS


def test_an_impossible_time_among_good_lines_costs_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    impossible = GOOD.format(8).replace("17/May/2015:10:05:03 +0000", "01/Jan/0001:00:00:00 +1400")
    log.write_text(GOOD.format(7) + impossible + GOOD.format(9))
    result = leadstream(*PUBLISH, str(log), env=environment)
    assert (result.returncode, result.stdout) == (0, "2 events published, 1 line not published\n")
    assert f"not published: {log}:2: the time '01/Jan/0001:00:00:00 +1400' is not between" in result.stderr
    assert sorted(event["contact"] for event in visits(environment)) == ["192.0.2.7", "192.0.2.9"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("what is this\n", "not a line of an access log"),
        ("203.0.113.7, 10.0.0.1" + GOOD[12:], "who the client is"),
        ('{"log": 1}\n', "no field of the line is known as the client"),
    ],
)
def test_a_log_in_which_nothing_could_be_read_is_an_error(
    environment: dict[str, str], tmp_path: Path, line: str, reason: str
) -> None:
    log = tmp_path / "access.log"
    log.write_text(line * 1_000)
    result = leadstream(*PUBLISH, str(log), env=environment)
    assert (result.returncode, result.stdout) == (65, "0 events published, 1000 lines not published\n")
    assert reason in result.stderr
    shown = [text for text in result.stderr.splitlines() if text.startswith("not published: ")]
    assert len(shown) == 4
    assert shown[-1] == "not published: 997 more lines like the last"
    assert visits(environment) == []


def test_an_empty_log_and_one_that_is_later_than_asked_for_are_no_error(
    environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_text("\n\n")
    assert leadstream(*PUBLISH, str(log), env=environment).returncode == 0
    log.write_text("what is this\n" + GOOD.format(7))
    assert leadstream(*PUBLISH, "--until", "2015-05-17T00:00:00Z", str(log), env=environment).returncode == 0


def test_a_million_bad_lines_would_be_a_few_lines_to_read_in_every_format(
    environment: dict[str, str], tmp_path: Path
) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text('{"type": "contact.chnaged"}\n' * 500 + "{\n" * 500)
    result = leadstream("publish", "--json", str(events), env=environment)
    report = json.loads(result.stdout)
    assert (result.returncode, report["refused"], len(report["refused_lines"])) == (65, 1_000, 6)
    assert [(reason["lines"], reason["such_as"][:20]) for reason in report["refused_reasons"]] == [
        (500, "no topic takes event"),
        (500, "not a JSON object: i"),
    ]
    people = tmp_path / "people.csv"
    people.write_text("No,Staff\n" + "ada,many\n" * 1_000)
    mapping = ("--map", "No=contact", "--map", "Staff=staff:number", "--at", "2026-03-01T00:00:00Z")
    table = leadstream("publish", "--format", "csv", *mapping, str(people), env=environment)
    assert table.returncode == 65
    assert [text for text in table.stderr.splitlines() if "not published" in text][-1].endswith(
        "997 more lines like the last"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--log-format", "$remote_adr [$time_local] $request"],
            "no variable $remote_adr - did you mean",
        ),
        (["--log-format", "%h %t %Z"], "Apache has no part %Z"),
        (["--log-format", '%h %t "%r"', "--client-field", "uid"], "--client-field: the format has no uid"),
        (["--client-field", "Forwarded"], "Forwarded has more than addresses"),
        (["--log-field", "tiem=when"], "did you mean time?"),
        (["--format", "jsonl", "--client-field", "uid"], "are for --format access-log"),
    ],
)
def test_a_format_or_field_that_makes_no_sense_is_one_clear_line(
    environment: dict[str, str], options: list[str], message: str
) -> None:
    result = leadstream(*PUBLISH, *options, str(LOGS / "common.log"), env=environment)
    assert (result.returncode, result.stdout) == (64, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert visits(environment) == []

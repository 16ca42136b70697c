"""`leadstream tail`, `status`, `leads` and `segments` beside a worker, as a user runs them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from schemas.values import instant_text
from tests.harness.cli import leadstream, start_leadstream
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.docs.guide import blocks
from tests.harness.engine.engine_driver import DAY, START
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.project_files import PROJECT_ROOT

DEFINITIONS = """
segments:
  - id: hot
    name: Hot
    dynamic: true
    when: {visit: {path: {starts_with: /pricing}}, count: {gte: 2}, within: 7d}
  - {id: vip}
campaigns:
  - id: spring
    audience: [hot]
    scoring: [{id: visit, when: {visit: {}}, points: 10}]
    automation: [{id: keen, when: {points: {gte: 20}}, then: {set_status: qualified}}]
"""

STORY = [
    "ada  entered hot  [event, event v2-ada, release 1]",
    "ada  lead in spring: made, active, 0 points  [audience, event v2-ada, release 1]",
    "ada  lead in spring: active -> qualified, 20 points  [automation, rule keen, event v3-ada, release 1]",
    "ada  lead in spring: handed over with 20 points  [automation, rule keen, event v3-ada, release 1]",
    "bob  entered hot  [event, event v2-bob, release 1]",
    "bob  lead in spring: made, active, 0 points  [audience, event v2-bob, release 1]",
]


def at(days: float) -> str:
    return instant_text(START + int(days * DAY))


def events() -> list[dict[str, Any]]:
    """Ada visits /pricing on days 1, 2 and 3, Bob on days 1 and 2; one event has no instant."""
    told: list[dict[str, Any]] = []
    for contact, days in (("ada", (1, 2, 3)), ("bob", (1, 2))):
        told.append({"id": f"c-{contact}", "type": "contact.changed", "at": at(0), "contact": contact})
        told[-1]["properties"] = {"country": "DE"}
        for day in days:
            visit = {"id": f"v{day}-{contact}", "type": "web.visited", "at": at(day), "url": "/pricing"}
            told.append({**visit, "contact": contact})
    return [*told, {"id": "odd", "type": "web.visited", "at": "yesterday", "contact": "eve", "url": "/"}]


@pytest.fixture(scope="module")
def place(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A worker of all roles that has decided the events; time has been told up to day 4."""
    folder = tmp_path_factory.mktemp("watch")
    with Pipeline(kafka, fresh_prefix(), folder, clock="events", partitions=2) as pipeline:
        pipeline.start_worker(role="all")
        pipeline.apply(DEFINITIONS, "--wait")
        pipeline.publish([*events(), {"type": "clock.advanced", "at": at(4)}], "--ordered")
        pipeline.wait_until_settled()
        yield pipeline


class Tail:
    """A `leadstream tail` that runs; `lines` reads so many of its lines."""

    def __init__(self, place: Pipeline, *arguments: str) -> None:
        self.process = start_leadstream("tail", *arguments, env=place.environment)

    def __enter__(self) -> Tail:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def lines(self, count: int) -> list[str]:
        assert self.process.stdout is not None
        return [self.process.stdout.readline().rstrip("\n") for _ in range(count)]

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C: the exit code, and what was said."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=LIMIT_SECONDS)
        return self.process.returncode, said


def in_shell(place: Pipeline, pipe: str) -> subprocess.CompletedProcess[str]:
    """A line of a shell in which `leadstream` is this one; its exit code is that of the first command that failed."""
    program = (
        f"leadstream() {{ {sys.executable} -c 'from streams.cli.main import run; run()' \"$@\"; }}; set -o pipefail"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEADSTREAM_")}
    return subprocess.run(
        ["bash", "-c", f"{program}; {pipe}"],
        env=environment | place.environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


def asked(place: Pipeline, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(place.run_command(*arguments, "--json").stdout)
    return answer


def without_instants(lines: list[str]) -> list[str]:
    """The lines without the instant that each begins with."""
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  ", line) for line in lines), lines
    return [line[26:] for line in lines]


def test_tail_shows_what_changed_and_why_and_ends_by_ctrl_c(place: Pipeline) -> None:
    with Tail(place, "--from", "beginning") as tail:
        lines = tail.lines(len(STORY))
        assert sorted(without_instants(lines)) == sorted(STORY)
        assert lines[0].startswith((at(1), at(2)))
        # What concerns one contact comes in the order in which it was decided.
        assert [line for line in without_instants(lines) if line.startswith("ada")] == STORY[:4]
        assert tail.interrupt() == (0, "")


def test_tail_of_a_contact_and_the_last_ones_alone(place: Pipeline) -> None:
    with Tail(place, "--last", "1", "--contact", "bob") as tail:
        assert without_instants(tail.lines(1)) == STORY[5:]
        assert tail.interrupt() == (0, "")
    with Tail(place, "segment-changes", "--last", "5", "--account", "default") as tail:
        assert sorted(without_instants(tail.lines(2))) == [STORY[0], STORY[4]]
        assert tail.interrupt() == (0, "")


def test_tail_for_machines_writes_the_records_as_they_are(place: Pipeline) -> None:
    records = [record.value for each in place.read_records("segment-changes").values() for record in each]
    with Tail(place, "segment-changes", "--from", "beginning", "--json") as tail:
        assert sorted(line.encode() for line in tail.lines(len(records))) == sorted(records)


def test_tail_shows_dead_letters_and_tables(place: Pipeline) -> None:
    with Tail(place, "dead-letters", "--last", "1") as tail:
        (line,) = without_instants(tail.lines(1))
    assert line.startswith("eve  dead letter invalid_at: ")
    assert re.search(r"\[web-visits:\d offset \d+\]$", line)
    with Tail(place, "leads", "--last", "1", "--contact", "ada") as tail:
        (line,) = without_instants(tail.lines(1))
    assert line.startswith("ada  lead in spring: qualified, 20 points")


def test_tail_into_head_returns_quietly(place: Pipeline) -> None:
    for options in ("--from beginning", "--last 3 --json", "segment-members --from beginning"):
        run = in_shell(place, f"leadstream tail {options} | head -n 1")
        assert (run.returncode in (0, 141), run.stderr, run.stdout.count("\n")) == (True, "", 1), options


def test_replay_into_a_closed_pipe_does_not_speak_of_kafka(place: Pipeline) -> None:
    run = in_shell(place, "leadstream replay --journal | true")
    assert (run.returncode in (0, 141), run.stderr) == (True, "")
    run = in_shell(place, "leadstream replay --journal --records | head -n 1")
    assert (run.returncode in (0, 141), run.stderr, run.stdout.count("\n")) == (True, "", 1)


def test_status_shows_a_deployment_at_rest(place: Pipeline) -> None:
    wait_until(lambda: len(asked(place, "status")["workers"]) == 2, LIMIT_SECONDS, "the workers were not shown")
    report = asked(place, "status")
    assert report["broker"] == place.settings.bootstrap
    assert report["deployment"] == {"clock": "events", "partitions": 2}
    assert report["topics"]["fit"] == report["topics"]["count"] > 20
    slots = {worker["role"]: (worker["name"], worker["slots"]) for worker in report["workers"]}
    assert slots == {"pipeline": ("w0", [0, 1]), "ledger": ("w0", [0])}
    assert {each["records"] for each in report["lag"]} == {0}
    # An instant is over when the next one is told: `publish` tells one more at the end of a file.
    over = instant_text(START + 4 * DAY + 1)
    assert report["time"]["told"] == report["time"]["reached"] == {"default": over}
    assert report["time"]["held_by"] is None
    assert report["salesforce"] == {
        "configured": False,
        "workers": 0,
        "waiting": {"records": 1, "exact": True},
        "stopped": [],
        "paused": [],
    }
    assert report["dead_letters"] == {"count": 1, "by_code": {"invalid_at": 1}, "complete": True}
    lines = place.run_command("status").stdout.splitlines()
    assert "lag          not decided yet: nothing" in lines
    assert lines[-1] == "dead letters 1: invalid_at 1"


def test_the_worker_says_that_salesforce_is_off_and_counts_dead_letters(place: Pipeline) -> None:
    def entries(event: str) -> list[dict[str, Any]]:
        lines = (place.folder / "w0.log").read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["event"] == event]

    (off,) = entries("Salesforce is off")
    assert "LEADSTREAM_SALESFORCE_DOMAIN" in off["why"]
    wait_until(lambda: bool(entries("dead letters")), LIMIT_SECONDS, "no dead letter was counted")
    (letters,) = entries("dead letters")
    assert (letters["by_code"], letters["count"], letters["kind"]) == ({"invalid_at": 1}, 1, "pipeline")


def test_leads_are_listed_by_campaign_and_status_in_pages(place: Pipeline) -> None:
    report = asked(place, "leads", "list", "spring", "--limit", "1")
    assert (report["count"], report["by_campaign"]) == (2, {"spring": {"active": 1, "qualified": 1}})
    (lead,) = report["leads"]
    assert (lead["contact"], lead["status"], lead["points"], lead["made"]) == ("ada", "qualified", 20, at(2))
    page = place.run_command("leads", "list", "--limit", "1", "--skip", "1")
    assert page.stdout.split()[:3] == ["spring", "bob", "active"]
    assert page.stderr == "2 to 2 of 2 leads (spring: 1 active, 1 qualified)\n"
    assert asked(place, "leads", "list", "--status", "qualified")["count"] == 1
    unknown = leadstream("leads", "list", "sprig", env=place.environment)
    assert (unknown.returncode, "did you mean spring?" in unknown.stderr) == (64, True)
    nobody = leadstream("leads", "list", "--account", "acme", env=place.environment)
    assert (nobody.returncode, "account 'acme' has no definitions" in nobody.stderr) == (64, True)


def test_segments_and_their_members_are_listed(place: Pipeline) -> None:
    report = asked(place, "segments", "list")
    assert [(row["segment"], row["dynamic"], row["members"]) for row in report["segments"][:1]] == [("hot", True, 2)]
    members = asked(place, "segments", "members", "hot")
    assert members["members"] == [{"contact": "ada", "since": at(2)}, {"contact": "bob", "since": at(2)}]
    page = place.run_command("segments", "members", "hot", "--limit", "1")
    assert page.stdout == f"ada  since {at(2)}\n"
    assert page.stderr == "1 to 1 of 2 members; --skip 1 shows the next\n"
    unknown = leadstream("segments", "members", "hott", env=place.environment)
    assert (unknown.returncode, "did you mean hot?" in unknown.stderr) == (64, True)


def test_tail_shows_a_decision_as_it_comes(place: Pipeline) -> None:
    with Tail(place, "lead-changes", "--last", "1", "--contact", "eva") as tail:
        place.run_command("leads", "add", "spring", "eva", "--by", "sofia")
        (line,) = without_instants(tail.lines(1))
        assert line.startswith("eva  lead in spring: made, active, 0 points  [command, by sofia, event ")
    row = asked(place, "leads", "list", "spring", "--status", "active")["leads"][-1]
    assert (row["contact"], row["status"]) == ("eva", "active")


def test_the_commands_of_the_page_are_those_that_exist(place: Pipeline) -> None:
    page = (PROJECT_ROOT / "docs" / "status.md").read_text()
    lines = [line for block in blocks(page) if block.kind == "console" for line in block.text.splitlines()]
    commands = [line.removeprefix("$ leadstream ").split() for line in lines if line.startswith("$ ")]
    assert len(commands) >= 8
    for words in commands:
        help_text = place.run_command(*words[:2] if words[0] in ("leads", "segments") else words[:1], "--help").stdout
        assert [word for word in words if word.startswith("--") and word not in help_text] == [], words


def test_status_without_a_worker_counts_what_waits(kafka: str, prefix: str, tmp_path: Any) -> None:
    with Pipeline(kafka, prefix, tmp_path, clock="wall", partitions=2) as waiting:
        waiting.publish(events())
        report = asked(waiting, "status")
        assert {each["topic"]: each["records"] for each in report["lag"] if each["records"]} == {
            "contact-changes": 2,
            "web-visits": 6,
        }
        assert report["workers"] == []
        assert report["time"]["held_by"]["reason"] == "no worker has read it yet"
        lines = waiting.run_command("status").stdout.splitlines()
        assert "lag          not in the journal yet: 2 of contact-changes, 6 of web-visits" in lines
        assert "workers      no pipeline runs; `leadstream worker` starts one" in lines
        assert "time         no tick yet" in lines


def test_status_says_what_is_missing(kafka: str, prefix: str) -> None:
    missing = leadstream("status", env={"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix})
    assert missing.returncode == 78
    assert "topics       0 of " in missing.stdout
    assert (missing.stderr.count("\n"), "run `leadstream topics create`" in missing.stderr) == (1, True)
    no_topics = leadstream("tail", env={"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix})
    assert (no_topics.returncode, "topics create" in no_topics.stderr) == (78, True)
    for command in (("status",), ("tail",), ("leads", "list"), ("segments", "list")):
        nobody = leadstream(*command, env={"LEADSTREAM_BOOTSTRAP": "127.0.0.1:1"})
        assert (nobody.returncode, nobody.stderr.count("\n")) == (69, 1)

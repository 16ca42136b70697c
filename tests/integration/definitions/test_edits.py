"""Edits of a live deployment: what `definitions plan` foresees is what the workers then emit."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from schemas.values import instant_text
from streams.cli.main import build_app
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.engine.engine_driver import DAY, HOUR, START
from tests.harness.kafka.broker import fresh_prefix

PARTITIONS = 3
PEOPLE = [f"c{number}" for number in range(40)]
GERMAN = {"id": "german", "dynamic": True, "when": {"property": "country", "eq": "DE"}}
BUSY = {"id": "busy", "dynamic": True, "when": {"visit": {}, "count": {"gte": 4}, "within": "8d"}}
SETTLED = {"id": "settled", "dynamic": True, "when": {"property": "country", "eq": "DE", "held_for": "3d"}}
REGULAR = {"id": "regular", "dynamic": True, "when": {"visit": {}, "regular": {"at_least": 3, "of": 8, "each": "1d"}}}
KEEN = {"id": "keen", "when": {"segment": "busy"}, "then": {"set_status": "qualified"}}
SPRING: dict[str, Any] = {"id": "spring", "audience": ["german"], "automation": [KEEN]}

COPY = {**BUSY, "id": "copy"}
LATELY = {**BUSY, "when": {"visit": {}, "count": {"gte": 4}, "within": "2d"}}
NOBODY: dict[str, Any] = {**GERMAN, "when": {"any": []}}


def whole(*segments: dict[str, Any], **spring: Any) -> dict[str, Any]:
    """Definitions of these segments, and of the campaign where something is said of it."""
    campaigns = [{**SPRING, **spring}] if spring else []
    return {"segments": list(segments), "campaigns": campaigns}


FIRST = whole(GERMAN, {"id": "vip"})
EDITS: list[tuple[str, dict[str, Any]]] = [
    ("new conditions on the past", whole(GERMAN, BUSY, SETTLED, REGULAR)),
    (
        "a name and a description",
        whole({**GERMAN, "name": "Germans"}, {**BUSY, "description": "!"}, SETTLED, REGULAR),
    ),
    ("deleting", whole(GERMAN, BUSY)),
    ("a copy", whole(GERMAN, BUSY, COPY)),
    ("a campaign", whole(GERMAN, BUSY, COPY, name="Spring")),
    ("frozen, with another condition", whole({**NOBODY, "paused": True}, BUSY, name="Spring")),
    ("going on with it", whole(NOBODY, BUSY, leave="delete")),
    ("dynamic to static", whole({"id": "german"}, {"id": "busy"}, name="Spring")),
    ("static to dynamic", whole(GERMAN, LATELY, name="Spring")),
    ("another audience", whole(GERMAN, BUSY, audience=["busy"], auto_qualify=True)),
    ("nothing left", {}),
]
ASKING = ("new conditions on the past", "static to dynamic", "another audience")
"""Those with leaves that the former release did not keep."""
SILENT = ("a name and a description", "dynamic to static")
"""Those that move nobody."""


def history_events(chance: random.Random) -> list[dict[str, Any]]:
    """Ten days of visits, of moves between countries, and of status changes, some told late; two sizes, a payment."""
    told: list[dict[str, Any]] = [
        {"id": f"s{number}", "type": "contact.changed", "contact": f"c{number}", "at": instant_text(START)}
        | {"properties": {"size": size}}
        for number, size in enumerate(("50-100", 70))
    ]
    paid = {"id": "p", "type": "web.visited", "contact": "c0", "at": instant_text(START), "url": "/"}
    told.append({**paid, "properties": {"paid": "a lot"}})
    for number in range(600):
        at = START + number * (10 * DAY // 600)
        contact = chance.choice(PEOPLE)
        event: dict[str, Any] = {
            "id": f"e{number}",
            "contact": contact,
            "at": instant_text(at - chance.choice((0, 0, HOUR))),
        }
        kind = chance.random()
        if kind < 0.6:
            event |= {"type": "web.visited", "url": "/"}
        elif kind < 0.95:
            event |= {"type": "contact.changed", "properties": {"country": chance.choice(("DE", "DE", "FR"))}}
        else:
            event |= {"type": "contact.changed", "status": chance.choice(("active", "inactive"))}
        told.append(event)
    return told


@dataclass(frozen=True)
class EditOutcome:
    """What became of one edit; `foreseen` and `emitted` count changes by what they say."""

    kind: str
    preview: dict[str, Any]
    """The plan's."""
    report: dict[str, Any]
    """What `definitions apply --wait` wrote."""
    foreseen: Counter[tuple[Any, ...]]
    emitted: Counter[tuple[Any, ...]]


@pytest.fixture(scope="module")
def pipeline(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A worker that has decided the history under the first release."""
    folder = tmp_path_factory.mktemp("edits")
    with Pipeline(kafka, fresh_prefix(), folder, clock="events", partitions=PARTITIONS) as pipeline:
        pipeline.start_worker()
        run(pipeline, "apply", put(folder, FIRST), "--wait")
        until = instant_text(START + 10 * DAY)
        pipeline.publish(history_events(random.Random(7)), "--ordered", "--until", until)
        pipeline.wait_until_settled()
        yield pipeline


@pytest.fixture(scope="module")
def outcomes(pipeline: Pipeline) -> list[EditOutcome]:
    """Every edit, planned, applied and decided, one after the other."""
    return [edit(pipeline, number, kind, document) for number, (kind, document) in enumerate(EDITS, 2)]


def edit(pipeline: Pipeline, release: int, kind: str, definitions: dict[str, Any]) -> EditOutcome:
    path = put(pipeline.folder, definitions)
    (plan,) = run(pipeline, "plan", path)
    (applied,) = run(pipeline, "apply", path, "--wait")
    pipeline.wait_until_settled()
    return EditOutcome(kind, plan["preview"], applied, foreseen(plan["preview"]), emitted(pipeline, release))


def put(folder: Path, definitions: dict[str, Any]) -> str:
    path = folder / "edited.yaml"
    with path.open("w") as file:
        YAML().dump({"account": "default", **definitions}, file)
    return str(path)


def run(pipeline: Pipeline, command: str, *arguments: str) -> Any:
    """What the command writes for a machine; within this process, since a new one takes its seconds."""
    where = ["--bootstrap", pipeline.settings.bootstrap, "--prefix", pipeline.settings.prefix, "--json"]
    done = CliRunner().invoke(build_app(), ["definitions", command, *arguments, *where])
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


def emitted(pipeline: Pipeline, release: int) -> Counter[tuple[Any, ...]]:
    """What the workers wrote because of a release, counted by what it says."""
    found: Counter[tuple[Any, ...]] = Counter()
    for topic in ("segment-changes", "lead-changes", "qualified-leads"):
        for partition in pipeline.read_records(topic).values():
            for record in partition:
                body = json.loads(record.value)
                if body["cause"].get("release") != release or body["cause"]["kind"] not in BECAUSE:
                    continue
                found[_said(topic, body)] += 1
    return found


BECAUSE = ("definition", "audience", "automation", "cascade")


def _said(topic: str, body: dict[str, Any]) -> tuple[Any, ...]:
    if topic == "segment-changes":
        return body["segment"], "enter" if body["type"] == "segment.entered" else "leave"
    if topic == "lead-changes":
        return body["campaign"], body["from"], body["to"]
    return body["campaign"]["id"], "handed_over"


def foreseen(preview: dict[str, Any]) -> Counter[tuple[Any, ...]]:
    """The same of a plan."""
    found: Counter[tuple[Any, ...]] = Counter()
    for name, moves in preview["segments"].items():
        for way in ("enter", "leave"):
            found[name, way] = moves[way]["count"]
    for name, leads in preview["campaigns"].items():
        for step in leads["steps"]:
            found[name, step["from"], step["to"]] = step["count"]
        found[name, "handed_over"] = leads["handed_over"]["count"]
    return +found


def test_a_plan_foresees_what_every_kind_of_edit_then_emits(outcomes: list[EditOutcome]) -> None:
    for number, outcome in enumerate(outcomes, 2):
        kind, report = outcome.kind, outcome.report
        assert (report["number"], report["decides_in"], report["superseded_by"]) == (number, PARTITIONS, None)
        assert outcome.emitted == outcome.foreseen, kind
        assert outcome.preview["scanned"] == len(PEOPLE)
        assert outcome.preview["journal_scanned"] == (kind in ASKING)
        assert (report["contacts_told"] > 0) == (kind in ASKING)
        assert (not outcome.foreseen) == (kind in SILENT), kind


def test_the_history_tells_every_release_and_where_it_stands(pipeline: Pipeline, outcomes: list[EditOutcome]) -> None:
    """The last one decides everywhere, and no back-fill is under way."""
    answer = run(pipeline, "history")
    assert (answer["account"], answer["partitions"]) == ("default", PARTITIONS)
    releases = answer["releases"]
    assert [release["number"] for release in releases] == list(range(1, len(outcomes) + 2))
    assert [release["decides_in"] for release in releases] == [0] * len(outcomes) + [PARTITIONS]
    assert not any(release["counted_in"] for release in releases)
    assert releases[2]["changes"] == [
        "~ segment german (name: none -> Germans)",
        "~ segment busy (described anew)",
    ]
    assert releases[4]["changes"] == ["+ segment copy (the condition of busy)"]


@pytest.mark.usefixtures("outcomes")
def test_a_plan_tells_which_values_the_new_definitions_cannot_use(pipeline: Pipeline) -> None:
    big = {"id": "big", "dynamic": True, "when": {"property": "size", "gte": 50}}
    payer = {"id": "payer", "dynamic": True, "when": {"visit": {"paid": {"gte": 5}}}}
    path = put(pipeline.folder, {"properties": {"size": "number"}, "segments": [big, payer]})
    (plan,) = run(pipeline, "plan", path)
    count = {"contacts": 1, "example": {"contact": "c0", "value": '"50-100"'}}
    assert plan["preview"]["missing_values"] == [{"property": "size", "type": "number", **count}]
    site = {"owner": "segment big", "subject": "property", "property": "size", "operator": "gte"}
    of_big, of_payer = plan["preview"]["mismatches"]
    assert of_big == {**site, **count}
    assert (of_payer["subject"], of_payer["property"], of_payer["example"]["value"]) == ("visit", "paid", '"a lot"')
    lines = pipeline.run_command("definitions", "plan", path).stdout.splitlines()
    assert lines[-3:] == [
        "  operators that met values of another type:",
        '    segment big: gte of property size, 1 contact (c0: "50-100")',
        '    segment payer: gte of visit paid, 1 contact (c0: "a lot")',
    ]


@pytest.mark.usefixtures("outcomes")
def test_people_see_the_plan_and_what_is_scanned(pipeline: Pipeline) -> None:
    """After the last edit there is nothing but what this plan adds."""
    path = put(pipeline.folder, {"segments": [BUSY]})
    shown = pipeline.run_command("definitions", "plan", path)
    lines = shown.stdout.splitlines()
    assert lines[1:3] == [
        "  + segment busy",
        "  note: segment busy asks of the past: it is counted from the journal first, and decides then",
    ]
    assert lines[3] == f"  who would enter and leave ({len(PEOPLE)} contacts and the journal scanned):"
    assert lines[4].startswith("    segment busy: ")
    assert shown.stderr.splitlines() == ["scanning all contacts, and the whole journal for the past that is asked of"]
    quick = pipeline.run_command("definitions", "plan", path, "--quick")
    assert (quick.stdout.splitlines(), quick.stderr) == (lines[:3], "")
    (described,) = run(pipeline, "plan", path, "--quick")
    assert described["preview"] is None

"""The examples of the pages on dead letters and backtests show what the commands print."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.harness.cli import leadstream
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.docs.guide import blocks
from tests.harness.project_files import PROJECT_ROOT

PROMPT = "$ leadstream "
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def steps(page: str) -> Iterator[tuple[list[str], list[str]]]:
    """The arguments of each command of a page's consoles, and the lines below it."""
    for block in blocks((PROJECT_ROOT / "docs" / page).read_text()):
        if block.kind == "console":
            for part in block.text.removeprefix(PROMPT).split(f"\n{PROMPT}"):
                command, *shown = part.splitlines()
                yield shlex.split(command), shown


def show(place: Pipeline, arguments: list[str]) -> list[str]:
    """What a command writes, as a person sees it: notes and result, without trailing blanks."""
    done = leadstream(*arguments, env=place.environment)
    assert done.returncode == 0, done.stderr
    is_list = arguments[:2] == ["dead-letters", "list"]
    text = done.stdout + done.stderr if is_list else done.stderr + done.stdout
    return [line.rstrip() for line in text.splitlines()]


def without_instants(lines: list[str]) -> list[str]:
    return [INSTANT.sub("INSTANT", line) for line in lines]


def event(name: str, type_: str, at: str, contact: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "type": type_, "at": at, "contact": contact, **fields}


def test_the_page_on_dead_letters(kafka: str, prefix: str, tmp_path: Path) -> None:
    events = [
        event(
            "c-1", "contact.changed", "2026-03-02T09:00:00Z", "ada", properties={"employees": "many", "city": "Bonn"}
        ),
        event("l-1", "lead.added", "2026-03-02T09:05:00Z", "ada", campaign="sping"),
        event("l-2", "lead.added", "2026-03-02T09:06:00Z", "bob", campaign="sping"),
        event("v-1", "web.visited", "2 March", "bob", url="/pricing"),
    ]
    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=1) as place:
        place.start_worker()
        place.apply("properties: {employees: number}\ncampaigns: [{id: spring}]", "--wait")
        for each in events:  # one after the other, so that each letter has its place
            place.publish([each])
            place.wait_until_settled()
        examples = list(steps("dead-letters.md"))
        assert len(examples) == 6
        for arguments, shown in examples:
            assert without_instants(show(place, arguments)) == without_instants(shown), arguments
            place.wait_until_settled()
        assert set(place.read_table("leads")) == {"default/spring/ada", "default/spring/bob"}


HISTORY = """
segments: [{id: keen, dynamic: true, when: {visit: {path: {starts_with: /pricing}}, count: {gte: 2}}}]
campaigns:
  - id: spring
    audience: [keen]
    scoring: [{id: visit, when: {visit: {}}, points: 10}]
    automation: [{id: hot, when: {points: {gte: 20}}, then: {set_status: qualified}}]
"""


def test_the_page_on_backtests(kafka: str, prefix: str, tmp_path: Path) -> None:
    visits = [("ada", 2), ("ada", 3), ("ada", 4), ("bob", 2), ("bob", 4), ("cleo", 3)]
    with Pipeline(kafka, prefix, tmp_path, clock="events", partitions=1) as place:
        place.start_worker(role="all")
        place.apply(HISTORY, "--wait")
        place.publish(
            [
                event(f"v-{contact}-{day}", "web.visited", f"2026-03-{day:02}T09:00:00Z", contact, url="/pricing")
                for contact, day in visits
            ],
            "--ordered",
        )
        won = {"opportunity": "006A", "modified": "2026-03-20T00:00:00Z", "closed": True, "won": True}
        row = {"id": "o", "type": "opportunity.changed", "at": "2026-03-20T00:00:00Z", "campaign": "spring"}
        place.publish([{**row, **won, "contact": "ada", "amount": "4200.50", "currency": "EUR"}])
        place.wait_until_settled()
        new = tmp_path / "new.yaml"
        new.write_text(HISTORY.replace("count: {gte: 2}", "count: {gte: 1}"))
        [(arguments, shown)] = steps("backtest.md")
        arguments = [str(new) if each == "new.yaml" else each for each in arguments]
        assert show(place, arguments) == shown

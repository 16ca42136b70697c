"""The page on events is correct: it has every type with its fields, and its examples do what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from pydantic import BaseModel

from schemas.topics import CLOCK, DEFINITIONS, LEDGER_IN, PIPELINE_IN
from schemas.values import instant_ms
from streams.engine.journal.effects import Output
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.publish.lines import ClockLine, Line, ParsedLine, parse_json_lines
from streams.replay.file import EVENT_TOPICS, FileReplay
from tests.harness.docs.guide import Block, blocks, parse_yaml
from tests.harness.project_files import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "docs" / "events.md").read_text()
FILES = "In files of events"
SHARED = ("id", "type", "at", "contact", "account")
SLUG, CURRENCY = "^[A-Za-z0-9_-]{1,100}$", "^[A-Z]{3}$"
CRM_FIELDS = ("result", "record", "code", "outcome", "opportunity")
OTHER_NAMES = {"lead_campaign": "`lead_campaign` (or `campaign`)"}


@dataclass(slots=True)
class TypeSection:
    """What the page says of one event type: its topic, its rows of fields, its blocks."""

    topic: str
    rows: list[list[str]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


def sections() -> Mapping[str, TypeSection]:
    """Returns event type -> its section, in the order of the page."""
    sections: dict[str, TypeSection] = {}
    topic = ""
    for part in re.split(r"^(?=###? )", TEXT, flags=re.MULTILINE):
        heading, _, body = part.partition("\n")
        if heading.startswith("## "):
            topic = heading.removeprefix("## ").removeprefix("Topic ").strip("`")
        elif heading.startswith("### "):
            rows = [line.strip("|").split(" | ") for line in body.splitlines() if line.startswith("| `")]
            cells = [[cell.strip() for cell in row] for row in rows]
            sections[heading.removeprefix("### ").strip("`")] = TypeSection(topic, cells, blocks(body))
    return sections


SECTIONS = sections()
MODELS: dict[str, tuple[str, type[BaseModel]]] = {
    model.model_fields["type"].annotation.__args__[0]: (topic.name, model)  # type: ignore[union-attr]
    for topic in (*PIPELINE_IN, *LEDGER_IN, DEFINITIONS, CLOCK)
    if isinstance(topic.models, tuple)
    for model in topic.models
}


def takes(schema: Mapping[str, Any]) -> str:
    """Returns in the page's words what a field takes."""
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    if len(options) == 2:
        numbers = {"number": "a number, or text that is one", "array": "a list of three whole numbers, or an object"}
        return numbers[options[0]["type"]]
    (option,) = options
    if "$ref" in option:
        return "an object"
    if "enum" in option:
        words = [f"`{word}`" for word in option["enum"]]
        return ", ".join(words[:-1]) + " or " + words[-1]
    if "pattern" in option:
        return {SLUG: "a slug", CURRENCY: "three capital letters"}[option["pattern"]]
    if option.get("format") == "date-time":
        return "an instant such as `2026-03-02T09:00:00Z`"
    if option["type"] == "string" and "maxLength" in option:
        least = f"{option['minLength']:,} to" if "minLength" in option else "at most"
        return f"text of {least} {option['maxLength']:,} characters"
    if option["type"] == "number":
        return f"a number from {option['minimum']:,} to {option['maximum']:,}"
    return {
        "string": "text",
        "object": "an object",
        "boolean": "true or false",
        "array": "a list of objects",
        "integer": f"a whole number of at least {option.get('minimum')}",
    }[option["type"]]


def fields_of(type_: str) -> Iterator[tuple[str, str, bool]]:
    """Yields the fields of a type besides those that all have: name, what it takes, whether it is required."""
    topic, model = MODELS[type_]
    shared = SHARED if topic in {each.name for each in PIPELINE_IN} else ("id", "type", "at", "account")
    schema = model.model_json_schema()
    for name, inner in schema["properties"].items():
        if name not in (("type",) if topic in (CLOCK.name, DEFINITIONS.name) else shared):
            yield OTHER_NAMES.get(name, f"`{name}`"), takes(inner), name in schema["required"]


def test_every_type_has_a_section_under_its_topic() -> None:
    expected = {name: FILES if topic in ("definitions", "clock") else topic for name, (topic, _) in MODELS.items()}
    assert {name: section.topic for name, section in SECTIONS.items()} == expected


@pytest.mark.parametrize("type_", sorted(MODELS))
def test_a_section_has_every_field_with_what_it_takes(type_: str) -> None:
    rows = {(name, what, meaning.startswith("required")) for name, what, meaning in SECTIONS[type_].rows}
    assert rows == set(fields_of(type_))
    assert all(meaning for _, _, meaning in SECTIONS[type_].rows)


def test_the_first_table_has_the_fields_of_all_types() -> None:
    (table,) = re.findall(r"^## What every event has\n(.*?)^## ", TEXT, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (required)?", table, re.MULTILINE)
    assert [name for name, _, _ in rows] == list(SHARED)
    schema = MODELS["contact.deleted"][1].model_json_schema()
    assert {name for name, _, needed in rows if needed} == set(schema["required"])
    for name, what, _ in rows:
        assert name == "type" or what.startswith(takes(schema["properties"][name]))


def outcomes() -> dict[str, tuple[list[str], list[str]]]:
    """Returns event type -> what its examples do, and what the page says that they do; all of them in one run."""
    outputs: list[str] = []
    (definitions,) = (block for block in blocks(TEXT) if block.kind == "yaml")

    def note(output: Output) -> None:
        row = msgspec.json.decode(output.value or b"null")
        if output.topic in EVENT_TOPICS:
            outputs.append(" ".join([row["type"], row["contact"], *_subject(row)]))
        elif output.topic == "leads" and "crm" in row:
            crm = " ".join(f"{name}={row['crm'][name]}" for name in CRM_FIELDS if name in row["crm"])
            outputs.append(f"leads {row['contact']} {row['campaign']} {crm}")
        elif output.topic == "campaign-revenue":
            won = row["won"]
            outputs.append(f"campaign-revenue {row['campaign']} {row['currency']} won={won['count']} {won['amount']}")

    def refuse(text: str) -> None:
        outputs.append(f"dead letter {text.split(': ')[1]}")

    run = FileReplay({"default": parse_yaml(definitions.text)}, DEFAULT_ENGINE_SETTINGS, note, refuse)
    texts: dict[str, tuple[list[str], list[str]]] = {}

    def lines() -> Iterator[ParsedLine]:
        for type_, section in SECTIONS.items():
            examples, outcome = section.blocks
            assert (examples.kind, outcome.kind) == ("json event", "text outcome")
            for text in examples.text.splitlines():
                assert msgspec.json.decode(text)["type"] in (type_, "contact.changed")
                yield from parse_json_lines([Line("page", text.encode())])
                yield ClockLine("page", "default", instant_ms(msgspec.json.decode(text)["at"]) + 1)  # decides it
            texts[type_] = (list(outputs), outcome.text.splitlines())
            outputs.clear()

    run.run(lines())
    return texts


def _subject(row: Mapping[str, Any]) -> Iterator[str]:
    """Yields what an output is about: its segment or campaign, and the lead's new status."""
    if "segment" in row:
        yield row["segment"]
    else:
        yield row["campaign"]["id"] if isinstance(row["campaign"], dict) else row["campaign"]
    if row["type"] == "lead.status_changed":
        yield row["to"]


def test_the_examples_do_what_the_page_says() -> None:
    texts = outcomes()
    assert {type_: done for type_, (done, _) in texts.items()} == {type_: said for type_, (_, said) in texts.items()}

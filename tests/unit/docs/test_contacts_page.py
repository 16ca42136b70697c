"""The page on `contacts` is correct: its row is what its events leave, and its SQL keeps the newest row."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from schemas.outputs.contacts import ContactRow
from streams.engine.journal.effects import Output
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.publish.lines import Line, parse_json_lines
from streams.replay.file import FileReplay
from tests.harness.docs.guide import Block, blocks, parse_yaml
from tests.harness.project_files import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "docs" / "contacts.md").read_text()
COLUMNS = (
    *("account", "contact", "status", "properties", "score", "scores", "created", "last_seen", "journal_offset"),
)


def block(kind: str) -> Block:
    (one,) = (block for block in blocks(TEXT) if block.kind == kind)
    return one


def rows_of_the_page() -> list[dict[str, Any]]:
    """Returns the rows that the events of the page leave, in their order."""
    outputs: list[Output] = []
    refusals: list[str] = []
    definitions = parse_yaml(block("yaml").text)
    run = FileReplay({"default": definitions}, DEFAULT_ENGINE_SETTINGS, outputs.append, refusals.append)
    lines = block("json events").text.splitlines()
    run.run(parse_json_lines(Line(f"line {number}", line.encode()) for number, line in enumerate(lines, 1)))
    assert refusals == []
    return [json.loads(output.value or b"") for output in outputs if output.topic == "contacts"]


def test_the_row_of_the_page_is_what_its_events_leave() -> None:
    rows = rows_of_the_page()
    assert len(rows) == 3
    assert rows[-1] == json.loads(block("json row").text)


def test_the_page_names_every_field_of_a_row() -> None:
    names = set(ContactRow.model_fields) - {"type", "account", "contact", "emitted_at"}
    table = [line for line in TEXT.splitlines() if line.startswith("| `")]
    assert {name for name in names if not any(f"`{name}`" in line.split("|")[1] for line in table)} == set()


def test_the_sql_of_the_page_keeps_the_newest_row_in_whatever_order_they_come() -> None:
    database = sqlite3.connect(":memory:")
    columns = ", ".join(f"{column} {'INTEGER' if column == 'journal_offset' else 'TEXT'}" for column in COLUMNS)
    database.execute(f"CREATE TABLE contacts ({columns}, PRIMARY KEY (account, contact))")
    first, second, last = (_parameters(row) for row in rows_of_the_page())
    for parameters in (second, last, first, second):
        database.execute(block("sql").text, parameters)
    expected = (*(str(last[name]) for name in COLUMNS[:-1]), last["journal_offset"])
    assert database.execute("SELECT * FROM contacts").fetchall() == [expected]


def _parameters(row: dict[str, Any]) -> dict[str, Any]:
    texts = {name: json.dumps(row[name]) for name in ("properties", "scores")}
    return {**{name: row.get(name) for name in COLUMNS}, **texts, "journal_offset": row["number"]["offset"]}

"""The Kafka Connect sinks read tables that exist, committed records only, into the tables that the SQL makes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from schemas.warehouse import RAW_SCHEMA, postgres_sql, warehouse_tables

FOLDER = Path(__file__).parents[3] / "docker" / "connect"
CONNECTORS = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_a_sink_writes_each_topic_into_a_table_that_exists(name: str) -> None:
    connector = CONNECTORS[name]
    route = re.compile(connector["transforms.table.regex"])
    replacement = connector["transforms.table.replacement"].replace("$", "\\")
    tables = {route.sub(replacement, topic) for topic in connector["topics"].split(",")}
    assert tables <= {table.name for table in warehouse_tables()}
    assert connector["collection.name.format"] == RAW_SCHEMA + ".${topic}"
    [key, document] = [connector[f"transforms.{part}.field"] for part in ("key", "document")]
    for table in tables:
        assert f'{RAW_SCHEMA}.{table} (\n  "{key}" text PRIMARY KEY,\n  {document} text' in postgres_sql()
    assert connector["primary.key.fields"] == key


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_a_sink_reads_committed_records_from_the_beginning(name: str) -> None:
    connector = CONNECTORS[name]
    assert connector["consumer.override.isolation.level"] == "read_committed"
    assert connector["consumer.override.auto.offset.reset"] == "earliest"
    declared = {each for each in connector if re.fullmatch(r"transforms\.[a-z]+\.type", each)}
    assert declared == {f"transforms.{each}.type" for each in connector["transforms"].split(",")}


def test_the_warehouse_has_every_table() -> None:
    topics = CONNECTORS["warehouse"]["topics"].split(",")
    assert topics == [table.topic.name for table in warehouse_tables()]

"""The tables for a warehouse are current and show every field of a row."""

from __future__ import annotations

from typing import Any

import pytest
from ruamel.yaml import YAML

from schemas import warehouse
from schemas.topics import CAMPAIGN_REVENUE, CONTACTS, LEADS, SEGMENT_MEMBERS
from schemas.warehouse import WarehouseTable, warehouse_tables

TABLES = {table.name: table for table in warehouse_tables()}


@pytest.mark.parametrize(
    ("name", "text"), [("postgres.sql", warehouse.postgres_sql()), ("sources.yml", warehouse.dbt_sources())]
)
def test_the_committed_file_is_current(name: str, text: str) -> None:
    assert (warehouse.FOLDER / name).read_text() == text, "run `python -m schemas.generate`"


def test_every_compacted_topic_that_others_read_is_a_table() -> None:
    assert [table.topic for table in TABLES.values()] == [CONTACTS, SEGMENT_MEMBERS, LEADS, CAMPAIGN_REVENUE]
    assert TABLES["campaign_revenue"].key == ("account", "campaign", "currency")


def types(table: WarehouseTable) -> dict[str, str]:
    return {column.name: column.data_type for column in table.columns}


def test_a_lead_shows_its_fields_as_columns_with_their_types() -> None:
    found = types(TABLES["leads"])
    assert {name: found[name] for name in ("campaign", "contact", "status", "points", "made", "crm")} == {
        "campaign": "text",
        "contact": "text",
        "status": "text",
        "points": "numeric",
        "made": "timestamptz",
        "crm": "jsonb",
    }
    assert found["number_offset"] == "bigint"
    assert "type" not in found, "the same in every row"


def test_money_stays_exact() -> None:
    found = types(TABLES["campaign_revenue"])
    assert {found[f"{part}_amount"] for part in ("won", "lost", "open")} == {"numeric"}
    assert {found[f"{part}_count"] for part in ("won", "lost", "open")} == {"bigint"}


def test_every_column_says_what_it_is() -> None:
    columns = [(table.name, column) for table in TABLES.values() for column in table.columns]
    silent = [f"{table}.{column.name}" for table, column in columns if not column.description]
    assert not silent


def test_dbt_reads_one_source_with_all_tables_and_columns() -> None:
    document: Any = YAML(typ="safe").load((warehouse.FOLDER / "sources.yml").read_text())
    [source] = document["sources"]
    found = {table["name"]: [column["name"] for column in table["columns"]] for table in source["tables"]}
    assert found == {table.name: [column.name for column in table.columns] for table in TABLES.values()}
    leads = next(table for table in source["tables"] if table["name"] == "leads")
    assert "One row for each account, campaign, contact." in leads["description"]

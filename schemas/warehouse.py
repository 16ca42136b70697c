"""The tables of a deployment for a data warehouse: columns, PostgreSQL views and dbt's description of them.

A sink stores each row of a compacted topic as it is, in two columns: `key` and `document`. The views show its fields
as columns; the fields of an object that has a model of its own become columns too, as in `number_offset`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc
from io import StringIO
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML

from schemas.field_docs import DescribedJsonSchema
from schemas.topics import ALL_TOPICS, NoModel, Topic

FOLDER = Path(__file__).parent / "warehouse"
RAW_SCHEMA = "leadstream_raw"
VIEW_SCHEMA = "leadstream"

# PostgreSQL's text has no NUL: in a document it is an escape, which `jsonb` refuses. An escaped backslash before
# `u0000` is none.
_DOCUMENT = r"regexp_replace(document, '(?<!\\)((?:\\\\)*)\\u0000', '\1', 'g')::jsonb"
_DECIMAL_PATTERN = "^-?[0-9]"
_JsonSchema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a view; `path` leads to its value in the document, `data_type` is PostgreSQL's."""

    name: str
    path: tuple[str, ...]
    data_type: str
    description: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class WarehouseTable:
    """A compacted out-topic as a table; its rows are told apart by the columns `key`."""

    topic: Topic
    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]


def warehouse_tables() -> list[WarehouseTable]:
    """The tables, in the order of the registry of topics."""
    return [_table(topic) for topic in ALL_TOPICS if topic.direction == "out" and _is_compacted(topic)]


def postgres_sql() -> str:
    """SQL for PostgreSQL that makes the tables that a sink fills, and a view over each."""
    statements = [f"CREATE SCHEMA IF NOT EXISTS {name};" for name in (RAW_SCHEMA, VIEW_SCHEMA)]
    for table in warehouse_tables():
        selected = ",\n".join(f'  {_expression(column)} AS "{column.name}"' for column in table.columns)
        statements += [
            f'CREATE TABLE IF NOT EXISTS {RAW_SCHEMA}.{table.name} (\n  "key" text PRIMARY KEY,\n  document text\n);',
            f"CREATE OR REPLACE VIEW {VIEW_SCHEMA}.{table.name} AS\nSELECT\n{selected}\n"
            f"FROM (\n  SELECT {_DOCUMENT} AS document\n"
            f"  FROM {RAW_SCHEMA}.{table.name} WHERE document IS NOT NULL\n) AS stored;",
        ]
    return "\n\n".join(statements) + "\n"


def dbt_sources() -> str:
    """The views as dbt's `sources.yml`: each table and column with a description, its type and what dbt can test."""
    document = {
        "version": 2,
        "sources": [
            {
                "name": VIEW_SCHEMA,
                "schema": VIEW_SCHEMA,
                "description": "Leadstream's tables, as its out-topics hold them.",
                "tables": [
                    {
                        "name": table.name,
                        "description": f"{table.description} One row for each {', '.join(table.key)}.",
                        "columns": [_dbt_column(column) for column in table.columns],
                    }
                    for table in warehouse_tables()
                ],
            }
        ],
    }
    text = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 10_000
    yaml.dump(document, text)
    return text.getvalue()


def write_files() -> list[Path]:
    """Writes both files and returns their paths."""
    FOLDER.mkdir(exist_ok=True)
    paths = []
    for name, text in (("postgres.sql", postgres_sql()), ("sources.yml", dbt_sources())):
        path = FOLDER / name
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def _is_compacted(topic: Topic) -> bool:
    return topic.policy.get("cleanup.policy") == "compact" and not isinstance(topic.models, NoModel)


def _table(topic: Topic) -> WarehouseTable:
    assert not isinstance(topic.models, NoModel)
    [model] = topic.models
    schema = _schema(model)
    return WarehouseTable(
        topic=topic,
        name=topic.name.replace("-", "_"),
        description=cleandoc(model.__doc__ or ""),
        key=tuple(topic.key.split("/")),
        columns=tuple(_columns(schema, schema.get("$defs", {}))),
    )


def _schema(model: type[BaseModel]) -> _JsonSchema:
    return model.model_json_schema(by_alias=True, schema_generator=DescribedJsonSchema)


def _columns(schema: _JsonSchema, models: _JsonSchema, path: tuple[str, ...] = ()) -> Iterator[Column]:
    for name, field in schema["properties"].items():
        reference = field.get("$ref", "").rpartition("/")[2]
        if "const" in field:
            continue  # the same in every row
        if reference:
            yield from _columns(models[reference], models, (*path, name))
        else:
            yield Column(
                name="_".join((*path, name)),
                path=(*path, name),
                data_type=_data_type(field),
                description=field.get("description", ""),
                is_required=name in schema.get("required", ()),
            )


def _data_type(field: _JsonSchema) -> str:
    [known, *_] = [each for each in field.get("anyOf", [field]) if each.get("type") != "null"]
    if known.get("format") == "date-time":
        return "timestamptz"
    if known.get("pattern", "").startswith(_DECIMAL_PATTERN):
        return "numeric"  # decimal text, so that no reader rounds it
    types = {"integer": "bigint", "number": "numeric", "boolean": "boolean", "object": "jsonb", "array": "jsonb"}
    return types.get(known.get("type", "string"), "text")


def _expression(column: Column) -> str:
    *parents, last = column.path
    parent = "document" + "".join(f"->'{name}'" for name in parents)
    if column.data_type == "jsonb":
        return f"{parent}->'{last}'"
    text = f"{parent}->>'{last}'"
    return text if column.data_type == "text" else f"({text})::{column.data_type}"


def _dbt_column(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {"name": column.name}
    if column.description:
        described["description"] = column.description
    described["data_type"] = column.data_type
    if column.is_required:
        described["data_tests"] = ["not_null"]
    return described

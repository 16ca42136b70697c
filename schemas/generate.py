"""Writes what is made from the models: JSON Schemas, AsyncAPI, warehouse tables: `python -m schemas.generate`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from schemas import asyncapi, warehouse
from schemas.definitions import Definitions
from schemas.field_docs import DescribedJsonSchema
from schemas.topics import ALL_TOPICS, NoModel

FOLDER = Path(__file__).parent / "json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

MODELS: Mapping[str, tuple[type[BaseModel], ...]] = {
    **{topic.name: topic.models for topic in ALL_TOPICS if not isinstance(topic.models, NoModel)},
    **{f"{topic.name}.headers": (topic.headers,) for topic in ALL_TOPICS if topic.headers is not None},
    "account-definitions": (Definitions,),
}
"""File (a topic, a topic's headers, or the definitions inside a release) -> the models that it describes."""


def json_schema(name: str) -> dict[str, Any]:
    """Returns the JSON Schema of a file: any of its models, and any field besides theirs."""
    union: Any = reduce(or_, MODELS[name])
    body = TypeAdapter(union).json_schema(by_alias=True, schema_generator=DescribedJsonSchema)
    return {"$schema": DIALECT, "title": name, **{key: value for key, value in body.items() if key != "title"}}


def schema_text(name: str) -> str:
    """Returns the text of a file."""
    return json.dumps(json_schema(name), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def write_schemas() -> list[Path]:
    """Writes every file, removes those of former topics, and returns the paths written."""
    FOLDER.mkdir(exist_ok=True)
    for stale in FOLDER.glob("*.json"):
        if stale.name.removesuffix(".json") not in MODELS:
            stale.unlink()
    paths = []
    for name in MODELS:
        path = FOLDER / f"{name}.json"
        path.write_text(schema_text(name), encoding="utf-8")
        paths.append(path)
    asyncapi.PATH.write_text(asyncapi.asyncapi_text(), encoding="utf-8")
    return [*paths, asyncapi.PATH, *warehouse.write_files()]


if __name__ == "__main__":
    sys.stdout.write("".join(f"{path.name}\n" for path in write_schemas()))

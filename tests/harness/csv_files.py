"""Reads a CSV file as `leadstream publish` does, without a broker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.definitions import STANDARD_PROPERTIES, PropertyType
from schemas.engine_versions import NEWEST_VERSION, EngineVersion
from streams.publish.csv.events import CsvEventBuilder, parse_csv_files
from streams.publish.csv.form import DEFAULT_FORM, CsvForm
from streams.publish.csv.mapping import parse_column_mapping, parse_column_pair
from streams.publish.lines import EventLine, RefusedLine

AT = "2026-03-01T00:00:00.000Z"


@dataclass(frozen=True)
class CsvRows:
    """The events of a file, its refused rows as (line, reason), and what a person is warned of."""

    events: list[dict[str, Any]]
    refused: list[tuple[int, str]]
    warnings: list[str]

    @property
    def properties(self) -> list[dict[str, Any]]:
        """The properties of each event."""
        return [event.get("properties", {}) for event in self.events]

    @property
    def contacts(self) -> list[str]:
        """The contact of each event."""
        return [event["contact"] for event in self.events]


def read_csv(
    folder: Path,
    content: str | bytes,
    *pairs: str,
    types: Mapping[str, PropertyType] | None = None,
    form: CsvForm = DEFAULT_FORM,
    load: str = "first",
    version: EngineVersion = NEWEST_VERSION,
) -> CsvRows:
    """Returns what the file says; `pairs` are as behind `--map`, `types` what the account declares."""
    file = folder / "people.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    mapping = parse_column_mapping(parse_column_pair(each) for each in pairs)
    declared = {**STANDARD_PROPERTIES, **(types or {})}
    builder = CsvEventBuilder(mapping, declared, "default", AT, load=load, form=form, engine_version=version)
    lines = list(parse_csv_files([str(file)], builder))
    refused = [
        (int(line.location.rpartition(":")[2]), line.reason) for line in lines if isinstance(line, RefusedLine)
    ]
    events = [json.loads(line.event.value) for line in lines if isinstance(line, EventLine)]
    return CsvRows(events, refused, [text.replace(str(file), file.name) for text in builder.null_cells.describe()])

"""How the columns of a CSV file become a contact's fields: the options of `publish --format csv`."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from schemas.definitions import STANDARD_PROPERTIES, PropertyType
from schemas.values import instant_ms, instant_text
from streams.definitions.document import UnreadableDocument
from streams.definitions.read import read_text
from streams.errors import DataError, UsageError
from streams.kafka.deployment import require_deployment
from streams.kafka.events_clock import current_event_time
from streams.publish.csv import ColumnMapping, CsvEventBuilder, parse_column_mapping, parse_column_pair
from streams.settings import Clock, Settings
from streams.store.releases import ReleaseRepository

MappingFileOption = Annotated[
    Path | None, typer.Option("--mapping", help="CSV: a YAML or JSON file with a line `column: field` for each.")
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="COLUMN=FIELD", help="CSV: contact, at, status or a property[:type]; repeatable."),
]
DelimiterOption = Annotated[str, typer.Option("--delimiter", help="CSV: what stands between two cells.")]
CsvAtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="CSV: of rows without a time; by default now, or the time last told."),
]


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """What was said about CSV files; nothing of it is for other formats."""

    mapping_file: Path | None
    column_pairs: list[str] | None
    delimiter: str
    at: str | None

    def column_mapping(self) -> ColumnMapping:
        """Columns and their fields. Raises UsageError, DataError."""
        if len(self.delimiter) != 1:
            raise UsageError(f"--delimiter: one character stands between cells, not {self.delimiter!r}")
        pairs = [parse_column_pair(written) for written in self.column_pairs or ()]
        if self.mapping_file is not None:
            pairs = [*_read_mapping(self.mapping_file), *pairs]
        if not pairs:
            raise UsageError("--format csv needs --map COLUMN=FIELD or --mapping FILE; one column goes to contact")
        return parse_column_mapping(pairs)

    def require_unused(self) -> None:
        """For other formats. Raises UsageError when any of it was given."""
        if self.column_pairs or self.mapping_file is not None or self.at is not None:
            raise UsageError("--map, --mapping and --at are for --format csv")

    def event_builder(self, settings: Settings, account: str) -> CsvEventBuilder:
        """The rows' meaning in this deployment: properties have the types that the account declares."""
        mapped = self.column_mapping()
        given = None if self.at is None else _parse_at(self.at)
        types, clock, present = asyncio.run(_account_context(settings, account))
        latest = partial(_latest_instant, settings) if clock == "wall" else None
        if given is not None and latest is not None and given > latest():
            raise UsageError(f"--at: {self.at} is in the future; on the wall clock a worker refuses such events")
        at = present if given is None else given
        return CsvEventBuilder(mapped, types, account, None if at is None else instant_text(at), latest)


def _now_ms() -> int:
    return int(time.time() * 1000)


def _latest_instant(settings: Settings) -> int:
    """The last instant that a worker of the same settings takes now, on the wall clock."""
    return _now_ms() + settings.future_ms


async def _account_context(settings: Settings, account: str) -> tuple[dict[str, PropertyType], Clock, int | None]:
    """The properties' types, the clock, and the present in ms: the wall clock's, or the time last told."""
    deployment = await require_deployment(settings)
    release = await ReleaseRepository(settings, deployment.clock).latest(account)
    declared = release.definitions.properties if release is not None else {}
    present = _now_ms() if deployment.clock == "wall" else await current_event_time(settings, account)
    return {**STANDARD_PROPERTIES, **declared}, deployment.clock, present


def _read_mapping(path: Path) -> list[tuple[str, str]]:
    try:
        parts = read_text(str(path), path.read_text("utf-8-sig"), as_json=path.suffix.lower() == ".json")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, UnreadableDocument) as error:
        raise DataError(f"{path}: a mapping has a line `column: field` for each column: {error}") from error
    values = parts[0].values
    for column, field in values.items():
        if not isinstance(field, str):
            raise DataError(f"{path}:{parts[0].line_of((column,))}: {column} is mapped to no name of a field")
    return list(values.items())


def _parse_at(text: str) -> int:
    try:
        return instant_ms(text)
    except ValueError as error:
        raise UsageError(f"--at: {error}") from error

"""The options of `publish --format csv`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from schemas.values import instant_text
from streams.cli.options import parse_time_option
from streams.errors import UsageError
from streams.publish.csv import ColumnMapping, CsvEventBuilder, parse_column_mapping, parse_column_pair
from streams.publish.csv_mapping import read_account_context, read_mapping_file
from streams.settings import Settings

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
    """The options that are for CSV files only."""

    mapping_file: Path | None
    column_pairs: list[str] | None
    delimiter: str
    at: str | None

    def column_mapping(self) -> ColumnMapping:
        """Returns the columns and their fields. Raises UsageError, DataError."""
        if len(self.delimiter) != 1:
            raise UsageError(f"--delimiter: one character stands between cells, not {self.delimiter!r}")
        pairs = [parse_column_pair(pair) for pair in self.column_pairs or ()]
        if self.mapping_file is not None:
            pairs = [*read_mapping_file(self.mapping_file), *pairs]
        if not pairs:
            raise UsageError("--format csv needs --map COLUMN=FIELD or --mapping FILE; one column goes to contact")
        return parse_column_mapping(pairs)

    def require_unused(self) -> None:
        """Raises UsageError when any of them is set, for the other formats."""
        if self.column_pairs or self.mapping_file is not None or self.at is not None:
            raise UsageError("--map, --mapping and --at are for --format csv")

    def event_builder(self, settings: Settings, account: str) -> CsvEventBuilder:
        """Returns what builds events from rows, with the property types that the account declares."""
        mapping = self.column_mapping()
        at = parse_time_option("--at", self.at)
        context = asyncio.run(read_account_context(settings, account))
        if at is not None and context.latest_instant is not None and at > context.latest_instant():
            raise UsageError(f"--at: {self.at} is in the future; on the wall clock a worker refuses such events")
        default_at = context.now if at is None else at
        default_text = None if default_at is None else instant_text(default_at)
        return CsvEventBuilder(
            mapping,
            context.property_types,
            account,
            default_text,
            context.latest_instant,
            engine_version=context.engine_version,
        )

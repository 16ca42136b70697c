"""The options of `publish --format csv`.

What reads CSV is imported by the functions that use it: most events come in lines of JSON, and start faster so.
"""

from __future__ import annotations

import asyncio
import shlex
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from pydantic import TypeAdapter, ValidationError

from schemas.values import Slug, instant_text
from streams.cli.console import write_note
from streams.cli.options import parse_time_option
from streams.errors import UsageError

if TYPE_CHECKING:
    from streams.publish.csv.events import CsvEventBuilder
    from streams.publish.csv.form import CsvForm
    from streams.publish.csv.mapping import ColumnMapping
    from streams.publish.csv.numbers import DecimalMark
    from streams.settings import Settings

_PANEL = "Options for CSV files"

MappingFileOption = Annotated[
    Path | None,
    typer.Option(
        "--mapping", rich_help_panel=_PANEL, help="A YAML or JSON file with a line `column: field` for each."
    ),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="COLUMN=FIELD",
        rich_help_panel=_PANEL,
        help="Contact, at, status or a property[:type]; repeatable.",
    ),
]
IgnoreOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar="COLUMN",
        rich_help_panel=_PANEL,
        help="A column that may be there more than once; repeatable.",
    ),
]
DelimiterOption = Annotated[
    str | None,
    typer.Option("--delimiter", rich_help_panel=_PANEL, help="What stands between two cells; by default a comma."),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        rich_help_panel=_PANEL,
        help="Utf-16, latin-1, cp1252...; by default as the file's mark says, or utf-8.",
    ),
]
DecimalOption = Annotated[
    str | None,
    typer.Option("--decimal", metavar="MARK", rich_help_panel=_PANEL, help="What stands before decimals, . or ,"),
]
DateFormatOption = Annotated[
    list[str] | None,
    typer.Option(
        "--date-format",
        metavar="FORMAT",
        rich_help_panel=_PANEL,
        help="As %d.%m.%Y %H:%M, unix or unix-ms; repeatable.",
    ),
]
ZoneOption = Annotated[
    str | None,
    typer.Option("--zone", metavar="ZONE", rich_help_panel=_PANEL, help="Of times without offset, as Europe/Berlin."),
]
ListSeparatorOption = Annotated[
    str | None,
    typer.Option(
        "--list-separator", rich_help_panel=_PANEL, help="What stands between the items of a list; by default ;"
    ),
]
NullOption = Annotated[
    list[str] | None,
    typer.Option(
        "--null", metavar="WORD", rich_help_panel=_PANEL, help="A cell that removes a property; repeatable."
    ),
]
NormalizeCsvIdsOption = Annotated[
    bool, typer.Option("--normalize-ids", rich_help_panel=_PANEL, help="Contact ids trimmed and in lower case.")
]
LoadOption = Annotated[
    str | None,
    typer.Option("--load", metavar="ID", rich_help_panel=_PANEL, help="The load to continue; by default a new one."),
]
CsvAtOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        rich_help_panel=_PANEL,
        help="Of rows without a time; by default now, or the time last told.",
    ),
]


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """The options that are for CSV files only; None, empty or false where they were not given."""

    mapping_file: Path | None
    column_pairs: list[str] | None
    unread_columns: list[str] | None
    delimiter: str | None
    encoding: str | None
    decimal: str | None
    date_formats: list[str] | None
    zone: str | None
    list_separator: str | None
    null_words: list[str] | None
    normalize_ids: bool
    load: str | None
    at: str | None

    def column_mapping(self) -> ColumnMapping:
        """Returns the columns and their fields. Raises UsageError, DataError."""
        from streams.publish.csv.mapping import (  # noqa: PLC0415 - see the module's docstring
            parse_column_mapping,
            parse_column_pair,
            read_mapping_file,
        )

        pairs = [parse_column_pair(pair) for pair in self.column_pairs or ()]
        if self.mapping_file is not None:
            pairs = [*read_mapping_file(self.mapping_file), *pairs]
        if not pairs:
            raise UsageError("--format csv needs --map COLUMN=FIELD or --mapping FILE; one column goes to contact")
        return parse_column_mapping(pairs)

    def form(self) -> CsvForm:
        """Returns how the files are written. Raises UsageError."""
        from streams.publish.csv.encoding import require_encoding  # noqa: PLC0415 - see the module's docstring
        from streams.publish.csv.form import CsvForm  # noqa: PLC0415
        from streams.publish.csv.times import require_date_format, require_named_zone  # noqa: PLC0415

        delimiter, list_separator = _unescape(self.delimiter), _unescape(self.list_separator)
        if delimiter is not None and len(delimiter) != 1:
            raise UsageError(
                f"--delimiter: one character stands between cells, not {self.delimiter!r}; '\\t' is a tab"
            )
        if delimiter in ('"', "\n", "\r"):
            raise UsageError("--delimiter: quotes and ends of lines have a meaning of their own")
        if self.decimal not in (None, ".", ","):
            raise UsageError(f"--decimal: '.' or ',' stands before decimals, not {self.decimal!r}")
        if list_separator is not None and not list_separator.strip(" "):
            raise UsageError("--list-separator: something that is no blank stands between items")
        return CsvForm(
            delimiter=delimiter,
            encoding=None if self.encoding is None else require_encoding(self.encoding),
            decimal=cast("DecimalMark | None", self.decimal),
            date_formats=[require_date_format(each) for each in self.date_formats or ()],
            zone=None if self.zone is None else require_named_zone(self.zone),
            list_separator=list_separator,
            null_words=frozenset(word.strip() for word in self.null_words or ()),
            unread_columns=frozenset(self.unread_columns or ()),
            has_normal_ids=self.normalize_ids,
        )

    def require_unused(self) -> None:
        """Raises UsageError when any of them is set, for the other formats."""
        given = [name for name, value in self._values().items() if value]
        if given:
            raise UsageError(f"options that are for --format csv: {', '.join(given)}")

    def _values(self) -> dict[str, object]:
        """Option -> its value, none for one that was not given."""
        return {
            "--mapping": self.mapping_file,
            "--map": self.column_pairs,
            "--ignore": self.unread_columns,
            "--delimiter": self.delimiter,
            "--encoding": self.encoding,
            "--decimal": self.decimal,
            "--date-format": self.date_formats,
            "--zone": self.zone,
            "--list-separator": self.list_separator,
            "--null": self.null_words,
            "--normalize-ids": self.normalize_ids,
            "--load": self.load,
            "--at": self.at,
        }

    def event_builder(self, settings: Settings, account: str) -> CsvEventBuilder:
        """Returns what builds events from rows, with the property types that the account declares."""
        from streams.publish.csv.account import read_account_context  # noqa: PLC0415 - see the module's docstring
        from streams.publish.csv.events import CsvEventBuilder  # noqa: PLC0415

        mapping, form, load = self.column_mapping(), self.form(), self._load_id()
        at = parse_time_option("--at", self.at)
        context = asyncio.run(read_account_context(settings, account))
        if at is not None and context.latest_instant is not None and at > context.latest_instant():
            raise UsageError(f"--at: {self.at} is in the future; on the wall clock a worker refuses such events")
        default_at = context.now if at is None else at
        default_text = None if default_at is None else instant_text(default_at)
        builder = CsvEventBuilder(
            mapping,
            context.property_types,
            account,
            default_text,
            context.latest_instant,
            load=load,
            form=form,
            engine_version=context.engine_version,
        )
        if builder.undeclared_properties:
            names = ", ".join(builder.undeclared_properties)
            pair = shlex.quote(f"COLUMN={builder.undeclared_properties[0]}:text")
            write_note(
                f"warning: account {account!r} declares no {names}; published as text"
                f" (--map {pair} says so, :number and others change it)"
            )
        return builder

    def _load_id(self) -> str:
        """Returns the id of the load that was named, else a new one. Raises UsageError."""
        if self.load is None:
            return uuid.uuid4().hex[:12]
        try:
            return TypeAdapter[str](Slug).validate_python(self.load)
        except ValidationError as error:
            raise UsageError(
                f"--load: {self.load[:40]!r} is no id; 1 to 100 letters, digits, - and _ make one"
            ) from error


def _unescape(separator: str | None) -> str | None:
    """Returns a separator as it is meant: many write the two characters `\\t` for a tab."""
    return None if separator is None else {"\\t": "\t", "\\n": "\n"}.get(separator, separator)

"""How the files of a run are written: what the command line says of encoding, delimiter, numbers, times and lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from streams.publish.csv.numbers import DecimalMark


@dataclass(frozen=True, slots=True)
class CsvForm:
    """The form of CSV files; what is None was not said, and each part says what holds then."""

    delimiter: str | None = None
    """By default a comma, or what a line `sep=` in front says."""
    encoding: str | None = None
    """By default that of the byte order mark, else UTF-8."""
    decimal: DecimalMark | None = None
    """By default numbers are JSON's, and those that might be thousands are refused."""
    date_formats: Sequence[str] = ()
    """Beside RFC 3339 and calendar dates."""
    zone: ZoneInfo | None = None
    """Of times that do not say their offset; by default those are refused."""
    list_separator: str | None = None
    """By default a semicolon, and a single item that looks like several is refused."""
    null_words: frozenset[str] = frozenset()
    """Cells that remove a property."""
    unread_columns: frozenset[str] = frozenset()
    """Columns that may stand in the first line more than once."""
    has_normal_ids: bool = False
    """Whether contact ids are trimmed and in lower case."""


DEFAULT_FORM = CsvForm()
DEFAULT_DELIMITER = ","
DEFAULT_LIST_SEPARATOR = ";"

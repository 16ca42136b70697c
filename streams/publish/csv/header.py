"""The first line of a CSV file: which columns there are, and whether it is clear which ones are meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from streams.errors import DataError
from streams.publish.csv.cells import shell_word
from streams.publish.csv.records import CsvRecord

_DELIMITERS = (";", "\t", "|", ",")


def read_header(
    name: str, record: CsvRecord | None, mapped_columns: Iterable[str], delimiter: str, unread_columns: frozenset[str]
) -> list[str]:
    """Returns the names of the columns of the file `name`.

    Raises DataError where it does not name every mapped column, or a column twice that is not among `unread_columns`.
    """
    if record is None:
        raise DataError(f"{name} is empty; the first line names the columns")
    if record.error is not None:
        raise DataError(f"{name}:{record.first_line}: {record.error}")
    header = [column.strip() for column in record.cells]
    mapped = list(mapped_columns)
    for column in mapped:
        if column not in header:
            raise DataError(f"{name} has no column {column!r}; {_columns_text(header, delimiter)}")
    for column, count in Counter(header).items():
        if count > 1 and column and (column in mapped or column not in unread_columns):
            raise DataError(_repeated_column_text(name, header, column, is_mapped=column in mapped))
    return header


def _repeated_column_text(name: str, header: Sequence[str], column: str, *, is_mapped: bool) -> str:
    numbers = [str(number) for number, each in enumerate(header, 1) if each == column]
    places = f"{', '.join(numbers[:-1])} and {numbers[-1]}"
    text = f"{name} has {len(numbers)} columns {column!r} ({places})"
    if is_mapped:
        return f"{text}; which one is meant is not clear: give them different names in the first line"
    return f"{text}; if neither is needed give --ignore {column!r}, else different names in the first line"


def _columns_text(header: Sequence[str], delimiter: str) -> str:
    """Describes the columns; a single column with a common delimiter in its name hints at that delimiter."""
    other = next((each for each in _DELIMITERS if each != delimiter and each in header[0]), None)
    if len(header) > 1 or other is None:
        return f"its columns are {', '.join(header)}"
    return f"its only column is {header[0]!r}; is --delimiter {shell_word(other)} meant?"

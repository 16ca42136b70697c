"""The first line of a CSV file: which columns there are, and whether it is clear which ones are meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from streams.errors import DataError
from streams.publish.csv.cells import shell_word
from streams.publish.csv.records import CsvRecord

_DELIMITERS = (";", "\t", "|", ",")
_MAX_COLUMNS = 20
"""Columns that are listed when one is missing; exports of CRMs have hundreds."""
_SIMILARITY = 0.75
_OTHER_FORMS = {
    "<": "this is HTML and no CSV; open it in a spreadsheet and save it as CSV",
    "{": "this is JSON and no CSV; events in lines of JSON need no --format csv",
    "[": "this is JSON and no CSV; events in lines of JSON need no --format csv",
}


def read_header(
    name: str,
    record: CsvRecord | None,
    mapped_columns: Iterable[str],
    delimiter: str,
    unread_columns: frozenset[str],
    *,
    has_delimiter_line: bool = False,
) -> list[str]:
    """Returns the names of the columns of the file `name`; the delimiter may be that of a line `sep=` in front.

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
            raise DataError(
                f"{name} has no column {column!r}{_columns_text(column, header, delimiter, has_delimiter_line)}"
            )
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


def _columns_text(column: str, header: Sequence[str], delimiter: str, has_delimiter_line: bool) -> str:
    """Says which columns there are, or what makes the first line look as if it named none."""
    first = header[0]
    if first[:1] in _OTHER_FORMS:
        return f"; {_OTHER_FORMS[first[0]]}"
    if first.casefold().startswith("sep="):
        return f"; its first line {first!r} names no delimiter in the form sep=; so take it out and give --delimiter"
    other = next((each for each in _DELIMITERS if each != delimiter and each in first), None)
    if len(header) == 1 and other is not None:
        text = f"; its only column is {first!r}; is --delimiter {shell_word(other)} meant?"
        return f"{text} Then take out the line sep={delimiter} in front" if has_delimiter_line else text
    more = f" and {len(header) - _MAX_COLUMNS} more" if len(header) > _MAX_COLUMNS else ""
    columns = f"columns are {', '.join(header[:_MAX_COLUMNS])}{more}"
    folded = {each.casefold(): each for each in header}
    close = get_close_matches(column.casefold(), list(folded), n=1, cutoff=_SIMILARITY)
    return f" - did you mean {folded[close[0]]!r}? Its {columns}" if close else f"; its {columns}"

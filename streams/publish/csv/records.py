"""Reads the records of a CSV file with their line numbers; an unreadable record loses only its first line.

A quoted cell may contain line breaks, so a quote that is never closed looks like a cell up to the end of the file.
After a record that cannot be read, reading continues at the second of its lines.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from streams.publish.csv.encoding import DEFAULT_ENCODING, unreadable_text

MAX_RECORD_LENGTH = 1_000_000
"""Characters. No more of a file is in memory at a time."""
MAX_RECORD_LINES = 1_000
"""A longer record means that a quote was not closed."""

# A spreadsheet that read the line as a row and saved it again has put delimiters behind it.
_DELIMITER_LINE = re.compile(r'\s*"?sep=(\\t|[^\w"])"?(?:([^\w"])\2*)?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """Cells, or in `error` the reason why there are none; `first_line` and `last_line` are line numbers."""

    first_line: int
    last_line: int
    cells: list[str]
    error: str | None = None

    @property
    def line_count(self) -> int:
        """How many lines the record has."""
        return self.last_line - self.first_line + 1


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    is_too_long: bool = False


class _TooLarge(Exception):
    """A record is longer than `MAX_RECORD_LENGTH` or `MAX_RECORD_LINES`."""


class CsvRecordReader:
    """Reads a text of `open_text`; skips lines whose cells are all empty. `encoding` is what its errors name."""

    def __init__(self, text: TextIO, delimiter: str, encoding: str = DEFAULT_ENCODING) -> None:
        csv.field_size_limit(MAX_RECORD_LENGTH)
        self._text = text
        self.delimiter = delimiter
        self._encoding = encoding
        self._lookahead: deque[_Line] = deque()
        """Lines that are read but belong to no record yet."""
        self._line_number = 1
        """The number of the next line."""

    def __iter__(self) -> Iterator[CsvRecord]:
        while (record := self._next_record()) is not None:
            if record.error is not None or any(cell.strip() for cell in record.cells):
                yield record

    def read_delimiter_line(self) -> str | None:
        """Passes over a line such as `sep=;` and returns its delimiter; None where the next line is no such line.

        Of `sep=;,,,` that is the comma: so a file is that was saved again. Blank lines in front are passed over.
        """
        while (line := self._next_line()) is not None and not line.is_too_long and not line.text.strip():
            self._line_number += 1
        match = _DELIMITER_LINE.fullmatch(line.text.rstrip("\r\n")) if line is not None else None
        if match is not None:
            self._line_number += 1
            return match[2] or ("\t" if match[1] == "\\t" else match[1])
        if line is not None:
            self._lookahead.appendleft(line)
        return None

    def _next_record(self) -> CsvRecord | None:
        lines: list[_Line] = []
        reader = csv.reader(self._read_into(lines), delimiter=self.delimiter, strict=True)
        try:
            cells = next(reader, None)
        except _TooLarge as error:
            return self._unreadable_record(lines, str(error))
        except csv.Error as error:
            hint = "; within quotes a quote is written twice" if "expected after" in str(error) else ""
            return self._unreadable_record(lines, f"{error}{hint}")
        if cells is None:
            return None
        error_text = unreadable_text("".join(line.text for line in lines), self._encoding)
        record = CsvRecord(self._line_number, self._line_number + len(lines) - 1, cells, error_text)
        self._line_number += len(lines)
        return record

    def _read_into(self, lines: list[_Line]) -> Iterator[str]:
        """Yields the lines from the next one on, and appends them to `lines`. Raises _TooLarge."""
        size = 0
        while (line := self._next_line()) is not None:
            lines.append(line)
            size += len(line.text)
            if line.is_too_long or size > MAX_RECORD_LENGTH or len(lines) > MAX_RECORD_LINES:
                raise _TooLarge(f"longer than {MAX_RECORD_LENGTH:,} characters or {MAX_RECORD_LINES:,} lines")
            yield line.text

    def _unreadable_record(self, lines: list[_Line], reason: str) -> CsvRecord:
        """Returns the first of the lines as unreadable; the others are read again."""
        self._lookahead.extendleft(reversed(lines[1:]))
        record = CsvRecord(self._line_number, self._line_number, [], f"not CSV: {reason}")
        self._line_number += 1
        if len(lines) == 1:
            return record
        last = record.first_line + len(lines) - 1
        error_text = (
            f"{record.error}, as far as line {last}; a quote may not be closed; read on from line {self._line_number}"
        )
        return CsvRecord(record.first_line, record.last_line, [], error_text)

    def _next_line(self) -> _Line | None:
        if self._lookahead:
            return self._lookahead.popleft()
        text = self._text.readline(MAX_RECORD_LENGTH)
        if not text:
            return None
        if _ends_line(text) or len(text) < MAX_RECORD_LENGTH:
            return _Line(text)
        rest = text
        while rest and not _ends_line(rest):
            rest = self._text.readline(MAX_RECORD_LENGTH)
        return _Line("", is_too_long=True)


def _ends_line(text: str) -> bool:
    return text.endswith(("\n", "\r"))

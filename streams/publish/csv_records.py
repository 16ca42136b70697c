"""The records of a CSV file, each with its lines; one that cannot be read costs only the line that it begins on.

A quoted cell may hold line breaks. So a quote that is never closed looks like a cell up to the end of the file: where
a record cannot be read, reading goes on at the line after the one on which it began.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

MAX_RECORD_LENGTH = 1_000_000
"""Characters; no more of a file is held in memory."""
MAX_RECORD_LINES = 1_000
"""Of one record. More than that is a quote that was not closed."""


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """Cells, or the reason why there are none; `first_line` and `last_line` are line numbers."""

    first_line: int
    last_line: int
    cells: list[str]
    error: str | None = None

    @property
    def line_count(self) -> int:
        """How many lines it stands in."""
        return self.last_line - self.first_line + 1


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    is_too_long: bool = False


class _TooLarge(Exception):
    """The record goes on for longer than a record may."""


class CsvRecordReader:
    """Reads a text opened with `newline=""` and `errors="surrogateescape"`; lines without cells are passed over."""

    def __init__(self, text: TextIO, delimiter: str) -> None:
        csv.field_size_limit(MAX_RECORD_LENGTH)
        self._text = text
        self._delimiter = delimiter
        self._lookahead: deque[_Line] = deque()
        """Lines that were read and belong to no record yet."""
        self._line_number = 1
        """Of the line that comes next."""

    def __iter__(self) -> Iterator[CsvRecord]:
        while (record := self._next_record()) is not None:
            if record.cells or record.error is not None:
                yield record

    def _next_record(self) -> CsvRecord | None:
        taken: list[_Line] = []
        reader = csv.reader(self._read_into(taken), delimiter=self._delimiter, strict=True)
        try:
            cells = next(reader, None)
        except (csv.Error, _TooLarge) as error:
            return self._unreadable_record(taken, str(error))
        if cells is None:
            return None
        record = CsvRecord(self._line_number, self._line_number + len(taken) - 1, cells, _utf8_error(taken))
        self._line_number += len(taken)
        return record

    def _read_into(self, lines: list[_Line]) -> Iterator[str]:
        """The lines from the next one on, noted in `lines`. Raises _TooLarge."""
        size = 0
        while (line := self._next_line()) is not None:
            lines.append(line)
            size += len(line.text)
            if line.is_too_long or size > MAX_RECORD_LENGTH or len(lines) > MAX_RECORD_LINES:
                raise _TooLarge(f"longer than {MAX_RECORD_LENGTH:,} characters or {MAX_RECORD_LINES:,} lines")
            yield line.text

    def _unreadable_record(self, lines: list[_Line], reason: str) -> CsvRecord:
        """Only the first of the lines is lost; the others are read anew."""
        self._lookahead.extendleft(reversed(lines[1:]))
        record = CsvRecord(self._line_number, self._line_number, [], f"not CSV: {reason}")
        self._line_number += 1
        if len(lines) == 1:
            return record
        last = record.first_line + len(lines) - 1
        told = (
            f"{record.error}, as far as line {last}; a quote may not be closed; read on from line {self._line_number}"
        )
        return CsvRecord(record.first_line, record.last_line, [], told)

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


def _utf8_error(lines: list[_Line]) -> str | None:
    """Bytes that are no UTF-8 were read as lone surrogates, which no UTF-8 has."""
    if all(line.text.isascii() for line in lines):
        return None
    for character in "".join(line.text for line in lines):
        if "\udc80" <= character <= "\udcff":
            return f"not UTF-8 text: byte 0x{ord(character) - 0xDC00:02x}"
    return None

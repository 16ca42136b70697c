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

LONGEST_RECORD = 1_000_000
"""Characters; no more of a file is held in memory."""
MOST_LINES = 1_000
"""Of one record. More than that is a quote that was not closed."""


@dataclass(frozen=True, slots=True)
class Record:
    """Cells, or the reason why there are none; `first` and `last` are line numbers."""

    first: int
    last: int
    cells: list[str]
    fault: str | None = None

    @property
    def lines(self) -> int:
        """How many lines it stands in."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    is_too_long: bool = False


class _TooLarge(Exception):
    """The record goes on for longer than a record may."""


class Records:
    """Reads a text opened with `newline=""` and `errors="surrogateescape"`; lines without cells are passed over."""

    def __init__(self, text: TextIO, delimiter: str) -> None:
        csv.field_size_limit(LONGEST_RECORD)
        self._text = text
        self._delimiter = delimiter
        self._ahead: deque[_Line] = deque()
        """Lines that were read and belong to no record yet."""
        self._number = 1
        """Of the line that comes next."""

    def __iter__(self) -> Iterator[Record]:
        while (record := self._next()) is not None:
            if record.cells or record.fault is not None:
                yield record

    def _next(self) -> Record | None:
        taken: list[_Line] = []
        reader = csv.reader(self._taking(taken), delimiter=self._delimiter, strict=True)
        try:
            cells = next(reader, None)
        except (csv.Error, _TooLarge) as error:
            return self._given_up(taken, str(error))
        if cells is None:
            return None
        record = Record(self._number, self._number + len(taken) - 1, cells, _not_utf8(taken))
        self._number += len(taken)
        return record

    def _taking(self, taken: list[_Line]) -> Iterator[str]:
        """The lines from the next one on, noted in `taken`. Raises _TooLarge."""
        size = 0
        while (line := self._line()) is not None:
            taken.append(line)
            size += len(line.text)
            if line.is_too_long or size > LONGEST_RECORD or len(taken) > MOST_LINES:
                raise _TooLarge(f"longer than {LONGEST_RECORD:,} characters or {MOST_LINES:,} lines")
            yield line.text

    def _given_up(self, taken: list[_Line], reason: str) -> Record:
        """Only the first of the lines is lost; the others are read anew."""
        self._ahead.extendleft(reversed(taken[1:]))
        record = Record(self._number, self._number, [], f"not CSV: {reason}")
        self._number += 1
        if len(taken) == 1:
            return record
        last = record.first + len(taken) - 1
        told = f"{record.fault}, as far as line {last}; a quote may not be closed; read on from line {self._number}"
        return Record(record.first, record.last, [], told)

    def _line(self) -> _Line | None:
        if self._ahead:
            return self._ahead.popleft()
        text = self._text.readline(LONGEST_RECORD)
        if not text:
            return None
        if _is_ended(text) or len(text) < LONGEST_RECORD:
            return _Line(text)
        rest = text
        while rest and not _is_ended(rest):
            rest = self._text.readline(LONGEST_RECORD)
        return _Line("", is_too_long=True)


def _is_ended(text: str) -> bool:
    return text.endswith(("\n", "\r"))


def _not_utf8(lines: list[_Line]) -> str | None:
    """Bytes that are no UTF-8 were read as lone surrogates, which no UTF-8 has."""
    if all(line.text.isascii() for line in lines):
        return None
    for character in "".join(line.text for line in lines):
        if "\udc80" <= character <= "\udcff":
            return f"not UTF-8 text: byte 0x{ord(character) - 0xDC00:02x}"
    return None

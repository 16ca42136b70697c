"""Cells such as `NULL` that are published as text, since nobody said that they mean no value: counted by column."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_WORDS = frozenset({"null", "n/a", "#n/a", "\\n", "nan", "none", "0000-00-00", "0000-00-00 00:00:00"})
"""What databases (MySQL also for dates), spreadsheets and programs write for no value, in lower case."""
_MAX_LENGTH = max(map(len, _WORDS))
_MAX_SPELLINGS = 3


def null_word(cell: str) -> str | None:
    """Returns the cell without blanks where it is a word for no value; None where it is not."""
    word = cell.strip()
    return word if len(word) <= _MAX_LENGTH and word.casefold() in _WORDS else None


def null_option(word: str) -> str:
    """Returns the option that makes the word a null, as it is typed in a shell."""
    return f"--null {shlex.quote(word)}"


@dataclass(slots=True)
class _Column:
    """The rows of a column whose cells are such words, the first of which is at `location`."""

    location: str
    count: int = 0
    words: dict[str, None] = field(default_factory=dict)
    """The first spellings, as an ordered set."""


class NullCells:
    """The cells of a run that are published as the text `NULL` and its like; they change nothing."""

    def __init__(self, known_words: frozenset[str]) -> None:
        self._known_words = known_words
        self._columns: dict[tuple[str, str], _Column] = {}
        """File and column -> where such cells are."""

    def add(self, file: str, line_number: int, cells: Mapping[str, str]) -> None:
        """Counts the cells (column -> text) of a row that is published."""
        for name, cell in cells.items():
            word = null_word(cell)
            if word is None or word in self._known_words:
                continue
            column = self._columns.setdefault((file, name), _Column(f"{file}:{line_number}"))
            column.count += 1
            if len(column.words) < _MAX_SPELLINGS:
                column.words[word] = None

    def describe(self) -> Iterator[str]:
        """Yields what to show a person: one line for each file and column."""
        for (_, name), column in self._columns.items():
            more = f" ({column.count:,} such rows)" if column.count > 1 else ""
            yield f"warning: {column.location}: {_message(name, column)}{more}"

    def to_list(self) -> list[dict[str, Any]]:
        """Returns the columns as JSON for a machine."""
        return [
            {"where": column.location, "message": _message(name, column), "lines": column.count}
            for (_, name), column in self._columns.items()
        ]


def _message(name: str, column: _Column) -> str:
    words = ", ".join(f"'{word}'" for word in column.words)
    options = " ".join(map(null_option, column.words))
    return f"{name}: {words} is published as text; {options} says that it is no value"

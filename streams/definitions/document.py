"""Holds one document of a file: its JSON values, and the line of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.engine.validation import WARNING, DocumentPath, Problem, path_text

_LEADING_ZERO = re.compile(r"[+-]?0[0-9]")


def escape_surrogates(text: str) -> str:
    """Returns the text with lone surrogates as escapes, so that it can be encoded as UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class DocumentProblem:
    """A mistake in a file; `line` counts from 1, 0 means the file as a whole."""

    file: str
    line: int
    path: str
    message: str
    code: str = "invalid"

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", escape_surrogates(self.path))
        object.__setattr__(self, "message", escape_surrogates(self.message))

    def __str__(self) -> str:
        location = f"{self.file}:{self.line}" if self.line else self.file
        return f"{location}: {self.path}: {self.message}" if self.path else f"{location}: {self.message}"


class UnreadableDocument(Exception):
    """A document is not YAML or JSON, is nested too deep, or has a value that JSON cannot hold."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = escape_surrogates(message)
        self.line = line


class NotAMapping(UnreadableDocument):
    """A document is a text, a number or a list, where a mapping is needed."""


@dataclass(frozen=True, slots=True)
class Document:
    """The definitions in one document, which may be a part of an account's."""

    file: str
    values: Mapping[str, Any]
    lines: Mapping[DocumentPath, int] = field(default_factory=dict)
    spellings: Mapping[DocumentPath, str] = field(default_factory=dict)
    """Path -> the text of a number as it is written, where it is not the number's own: `01067` for 1067."""

    def line_of(self, path: DocumentPath) -> int:
        """Returns the line of the value at a path, or of the nearest value around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def locate(self, problem: Problem, path: DocumentPath) -> DocumentProblem:
        """Returns a problem at a path of this document, with its line; a number where text is needed as written."""
        message = problem.message
        spelling = self.spellings.get(path)
        if problem.needs_text and spelling is not None:
            message = f"text is needed here, and {spelling} is read as a number; write '{spelling}'"
        return DocumentProblem(self.file, self.line_of(path), path_text(path), message, problem.code)

    def leading_zeros(self) -> Iterator[DocumentProblem]:
        """Yields a warning for each number written with a leading zero: likely a code, and not a number."""
        for path, spelling in self.spellings.items():
            if _LEADING_ZERO.match(spelling):
                message = f"{spelling} is read as a number, without its leading zero; write '{spelling}' for the text"
                yield DocumentProblem(self.file, self.line_of(path), path_text(path), message, WARNING)

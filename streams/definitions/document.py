"""One document of a file: its values as JSON knows them, and the line of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streams.engine.validation import DocumentPath


def escape_surrogates(text: str) -> str:
    """The text with half characters as escapes, which every terminal and every reader of JSON takes."""
    return text.encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class DocumentProblem:
    """What is wrong in a file; `line` counts from 1, 0 where it is the file as a whole."""

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
    """A document that is no YAML or JSON, or holds what JSON cannot."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = escape_surrogates(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """The definitions, or a part of them, that one document holds."""

    file: str
    values: Mapping[str, Any]
    lines: Mapping[DocumentPath, int] = field(default_factory=dict)

    def line_of(self, path: DocumentPath) -> int:
        """The line of what stands at a path, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

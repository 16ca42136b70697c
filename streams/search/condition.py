"""A condition as someone asks for it: read from the command line or a file, checked like definitions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as File
from typing import Any

from pydantic import TypeAdapter

from schemas.conditions import Condition
from streams.definitions.document import Document, UnreadableDocument
from streams.definitions.read import read_text
from streams.engine.validation import path_text, validate_definitions
from streams.errors import DataError, UsageError

FILE_PREFIX = "@"
MAX_LISTED = 10

_condition_adapter: TypeAdapter[Condition] = TypeAdapter(Condition)


def read_condition(text: str) -> Document:
    """The condition in `text`, YAML or JSON, or in the file that it names behind an `@`.

    Raises DataError for a file that cannot be read, UsageError for what is neither YAML nor JSON.
    """
    name = "the condition"
    as_json = False
    if text.startswith(FILE_PREFIX):
        path = File(text.removeprefix(FILE_PREFIX))
        name, as_json = str(path), path.suffix.lower() == ".json"
        text = _read_text_file(path)
    try:
        parts = read_text(name, text, as_json=as_json)
    except UnreadableDocument as error:
        raise UsageError(f"{name}: {error.message}; a condition is such as {{property: country, eq: DE}}") from error
    if len(parts) != 1:
        raise UsageError(f"{name}: one condition is asked for, here are {len(parts)}")
    return parts[0]


def validate_condition(condition_document: Document, document: Mapping[str, Any]) -> Condition:
    """The condition within an account's definitions as written. Raises UsageError, a line per fault."""
    segments = list(document.get("segments") or ())
    name = unused_segment_id(document)
    extended = with_segment(document, {"id": name, "dynamic": True, "when": condition_document.values})
    condition_path = ("segments", len(segments), "when")
    faults = [problem for problem in validate_definitions(extended).problems if problem.path[:3] == condition_path]
    if faults:
        own = f"segment {name}: "  # nobody who searches knows of it
        lines = [
            _problem_line(condition_document, each.path[3:], each.message.removeprefix(own))
            for each in faults[:MAX_LISTED]
        ]
        raise UsageError("\n".join(lines))
    condition: Condition = _condition_adapter.validate_python(condition_document.values)
    return condition


def condition_warnings(condition_document: Document, document: Mapping[str, Any]) -> list[str]:
    """What may be a mistake in a condition that is sound: a line each."""
    condition_path = ("segments", len(document.get("segments") or ()), "when")
    extended = with_segment(
        document, {"id": unused_segment_id(document), "dynamic": True, "when": condition_document.values}
    )
    return [
        _problem_line(condition_document, each.path[3:], each.message)
        for each in validate_definitions(extended).warnings
        if each.path[:3] == condition_path
    ]


def with_segment(document: Mapping[str, Any], segment: Mapping[str, Any]) -> dict[str, Any]:
    """The definitions with one segment more."""
    return {**document, "segments": [*(document.get("segments") or ()), dict(segment)]}


def unused_segment_id(document: Mapping[str, Any]) -> str:
    """A segment id that the definitions do not have."""
    existing = {segment.get("id") for segment in document.get("segments") or ()}
    name = "search"
    while name in existing:
        name += "_"
    return name


def _read_text_file(path: File) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text") from error


def _problem_line(condition_document: Document, path: tuple[str | int, ...], message: str) -> str:
    where = f"{condition_document.file}:{condition_document.line_of(path)}"
    return f"{where}: {path_text(path)}: {message}" if path else f"{where}: {message}"

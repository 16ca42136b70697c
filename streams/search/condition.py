"""A condition as someone asks for it: read from the command line or a file, checked like definitions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as File
from typing import Any

from pydantic import TypeAdapter

from schemas.conditions import Condition
from streams.definitions.document import Part, Unreadable
from streams.definitions.read import read_text
from streams.engine.validation import check, path_text
from streams.errors import DataError, UsageError

FROM_FILE = "@"
MOST_LISTED = 10

_condition: TypeAdapter[Condition] = TypeAdapter(Condition)


def read_condition(text: str) -> Part:
    """The condition in `text`, YAML or JSON, or in the file that it names behind an `@`.

    Raises DataError for a file that cannot be read, UsageError for what is neither YAML nor JSON.
    """
    name = "the condition"
    as_json = False
    if text.startswith(FROM_FILE):
        path = File(text.removeprefix(FROM_FILE))
        name, as_json = str(path), path.suffix.lower() == ".json"
        text = _file_text(path)
    try:
        parts = read_text(name, text, as_json=as_json)
    except Unreadable as error:
        raise UsageError(f"{name}: {error.message}; a condition is such as {{property: country, eq: DE}}") from error
    if len(parts) != 1:
        raise UsageError(f"{name}: one condition is asked for, here are {len(parts)}")
    return parts[0]


def checked(part: Part, document: Mapping[str, Any]) -> Condition:
    """The condition within an account's definitions as written. Raises UsageError, a line per fault."""
    segments = list(document.get("segments") or ())
    name = free_id(document)
    asked = with_segment(document, {"id": name, "dynamic": True, "when": part.values})
    here = ("segments", len(segments), "when")
    faults = [problem for problem in check(asked).problems if problem.path[:3] == here]
    if faults:
        own = f"segment {name}: "  # nobody who searches knows of it
        lines = [_line(part, each.path[3:], each.message.removeprefix(own)) for each in faults[:MOST_LISTED]]
        raise UsageError("\n".join(lines))
    condition: Condition = _condition.validate_python(part.values)
    return condition


def warnings(part: Part, document: Mapping[str, Any]) -> list[str]:
    """What may be a mistake in a condition that is sound: a line each."""
    here = ("segments", len(document.get("segments") or ()), "when")
    asked = with_segment(document, {"id": free_id(document), "dynamic": True, "when": part.values})
    return [_line(part, each.path[3:], each.message) for each in check(asked).warnings if each.path[:3] == here]


def with_segment(document: Mapping[str, Any], segment: Mapping[str, Any]) -> dict[str, Any]:
    """The definitions with one segment more."""
    return {**document, "segments": [*(document.get("segments") or ()), dict(segment)]}


def free_id(document: Mapping[str, Any]) -> str:
    """A segment id that the definitions do not have."""
    taken = {segment.get("id") for segment in document.get("segments") or ()}
    name = "search"
    while name in taken:
        name += "_"
    return name


def _file_text(path: File) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text") from error


def _line(part: Part, path: tuple[str | int, ...], message: str) -> str:
    where = f"{part.file}:{part.line_of(path)}"
    return f"{where}: {path_text(path)}: {message}" if path else f"{where}: {message}"

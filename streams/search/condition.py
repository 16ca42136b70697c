"""Reads a condition from the command line or a file, and checks it like definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as File
from typing import Any

from pydantic import TypeAdapter

from schemas.conditions import Condition
from streams.definitions.document import Document, NotAMapping, UnreadableDocument
from streams.definitions.read import read_text
from streams.engine.validation import validate_definitions
from streams.errors import DataError, UsageError

FILE_PREFIX = "@"
MAX_LISTED = 10

_condition_adapter: TypeAdapter[Condition] = TypeAdapter(Condition)


def read_condition(text: str) -> Document:
    """Returns the condition in `text` (YAML or JSON), or in the file that `text` names after an `@`.

    Raises DataError for a file that cannot be read, UsageError for text that is neither YAML nor JSON.
    """
    name = "the condition"
    as_json = False
    if text.startswith(FILE_PREFIX):
        path = File(text.removeprefix(FILE_PREFIX))
        name, as_json = str(path), path.suffix.lower() == ".json"
        text = _read_text_file(path)
    if not text.strip():
        raise UsageError(
            f"{name} is empty; one is such as {{property: country, eq: DE}}, and {{all: []}} is everybody"
        )
    try:
        documents = read_text(name, text, as_json=as_json)
    except NotAMapping as error:
        raise UsageError(
            f"{name} is no mapping such as {{property: country, eq: DE}}; words are looked for with --text"
        ) from error
    except UnreadableDocument as error:
        raise UsageError(f"{name}: {error.message}; a condition is such as {{property: country, eq: DE}}") from error
    if len(documents) != 1:
        raise UsageError(f"{name}: one condition is asked for, here are {len(documents)}")
    return documents[0]


def validate_condition(condition_document: Document, document: Mapping[str, Any]) -> Condition:
    """Returns the condition, checked within an account's `document`. Raises UsageError, one line per problem."""
    segments = list(document.get("segments") or ())
    name = unused_segment_id(document)
    extended = with_segment(document, {"id": name, "dynamic": True, "when": condition_document.values})
    condition_path = ("segments", len(segments), "when")
    problems = [problem for problem in validate_definitions(extended).problems if problem.path[:3] == condition_path]
    if problems:
        shown = [replace(each, message=_message_without(name, each.message)) for each in problems[:MAX_LISTED]]
        raise UsageError("\n".join(str(condition_document.locate(each, each.path[3:])) for each in shown))
    condition: Condition = _condition_adapter.validate_python(condition_document.values)
    return condition


def _message_without(name: str, message: str) -> str:
    """Returns the message without the invented segment, which the user does not know."""
    text = message.removeprefix(f"segment {name}: ")
    if not text.startswith("no segment is called "):
        return text
    return re.sub(rf" - (?:one of: {name}|did you mean {name}\?)$|, {name}(?=,|$)", "", text)


def condition_warnings(condition_document: Document, document: Mapping[str, Any]) -> list[str]:
    """Returns a line for each possible mistake in a valid condition."""
    condition_path = ("segments", len(document.get("segments") or ()), "when")
    extended = with_segment(
        document, {"id": unused_segment_id(document), "dynamic": True, "when": condition_document.values}
    )
    warnings = [each for each in validate_definitions(extended).warnings if each.path[:3] == condition_path]
    located = [condition_document.locate(each, each.path[3:]) for each in warnings]
    return [str(each) for each in (*located, *condition_document.leading_zeros())]


def with_segment(document: Mapping[str, Any], segment: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the definitions with one segment more."""
    return {**document, "segments": [*(document.get("segments") or ()), dict(segment)]}


def unused_segment_id(document: Mapping[str, Any]) -> str:
    """Returns a segment id that the definitions do not have."""
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

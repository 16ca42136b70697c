"""Reads files of definitions: JSON where the name ends in `.json`, else YAML, which may hold several documents."""

from __future__ import annotations

import json
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

from streams.definitions.document import Document, DocumentProblem, NotAMapping, UnreadableDocument
from streams.engine.validation import TOO_DEEP

if TYPE_CHECKING:
    from streams.definitions.yaml_nodes import YamlNodeReader


def read_file(path: File) -> tuple[list[Document], list[DocumentProblem]]:
    """Returns the documents of a file, or the problem that makes it unreadable. Raises nothing for a bad file."""
    name = str(path)
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        return [], [DocumentProblem(name, 0, "", f"cannot be read: {error.strerror or error}")]
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [], [
            DocumentProblem(name, line, "", f"is not UTF-8 text: byte 0x{content[error.start]:02x} cannot be read")
        ]
    try:
        return read_text(name, text, as_json=path.suffix.lower() == ".json"), []
    except UnreadableDocument as error:
        return [], [DocumentProblem(name, error.line, "", error.message)]


def read_text(name: str, text: str, *, as_json: bool = False) -> list[Document]:
    """Returns the documents in a file's text; pure. Raises UnreadableDocument."""
    documents = [_parse_json(name, text)] if as_json else _parse_yaml(name, text)
    if not documents:
        raise UnreadableDocument("holds no definitions")
    return documents


def _parse_yaml(name: str, text: str) -> list[Document]:
    from streams.definitions.yaml_nodes import (  # noqa: PLC0415 - slow to import, and many commands read no file
        YamlNodeReader,
        compose_nodes,
    )

    documents = []
    for node in compose_nodes(text):
        reader = YamlNodeReader()
        value = reader.read_value(node)
        if value is not None:
            documents.append(_build_document(name, value, reader))
    return documents


def _parse_json(name: str, text: str) -> Document:
    try:
        value = json.loads(text, object_pairs_hook=_reject_duplicate_keys, parse_constant=_reject_constant)
    except json.JSONDecodeError as error:
        raise UnreadableDocument(f"is not JSON: {error.msg}", error.lineno) from error
    except RecursionError as error:
        raise _too_deep_json(text) from error
    except ValueError as error:
        raise UnreadableDocument(f"is not JSON: {error}") from error
    return _build_document(name, value, _read_json_lines(text))


def _read_json_lines(text: str) -> YamlNodeReader:
    """Returns the YAML reader of the text, which knows the lines. Raises UnreadableDocument for one nested too deep.

    JSON is YAML except for tabs between tokens. JSON strings escape tabs, so every tab in the text can be replaced.
    """
    from streams.definitions.yaml_nodes import YamlNodeReader, compose_nodes  # noqa: PLC0415 - see _parse_yaml

    reader = YamlNodeReader()
    try:
        for node in compose_nodes(text.replace("\t", " ")):
            reader.read_value(node)
    except UnreadableDocument as error:
        if error.message == TOO_DEEP:
            raise
        return YamlNodeReader()  # the values are read anyway; their problems then name the first line
    return reader


def _too_deep_json(text: str) -> UnreadableDocument:
    """Returns the refusal of a text that no JSON reader follows, with its line if the YAML reader comes so far."""
    try:
        _read_json_lines(text)
    except UnreadableDocument as error:
        return error
    return UnreadableDocument(TOO_DEEP)


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise UnreadableDocument(f"{key} is given twice in one object")
        values[key] = value
    return values


def _reject_constant(name: str) -> Any:
    raise UnreadableDocument(f"{name} is no number that JSON can hold")


def _build_document(name: str, value: Any, reader: YamlNodeReader) -> Document:
    if not isinstance(value, dict):
        line = reader.lines.get((), 1)
        raise NotAMapping("definitions are a mapping: account, properties, segments, campaigns, ...", line)
    return Document(name, value, reader.lines, reader.spellings)

"""Files as parts of definitions: YAML, or JSON by the ending `.json`; a YAML file may hold several documents."""

from __future__ import annotations

import json
from pathlib import Path as File
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node

from streams.definitions.document import Fault, Part, Unreadable
from streams.definitions.yaml_nodes import Reader
from streams.engine.validation import Path


def read_file(path: File) -> tuple[list[Part], list[Fault]]:
    """The parts that a file holds, and why others could not be read. Raises nothing for a bad file."""
    name = str(path)
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        return [], [Fault(name, 0, "", f"cannot be read: {error.strerror or error}")]
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [], [Fault(name, line, "", f"is not UTF-8 text: byte 0x{content[error.start]:02x} cannot be read")]
    try:
        return read_text(name, text, as_json=path.suffix.lower() == ".json"), []
    except Unreadable as error:
        return [], [Fault(name, error.line, "", error.message)]


def read_text(name: str, text: str, *, as_json: bool = False) -> list[Part]:
    """The parts in a file's text; pure. Raises Unreadable."""
    parts = [_json_part(name, text)] if as_json else _yaml_parts(name, text)
    if not parts:
        raise Unreadable("holds no definitions")
    return parts


def _yaml_parts(name: str, text: str) -> list[Part]:
    parts = []
    for node in _composed(text):
        reader = Reader()
        try:
            value = reader.value(node)
        except RecursionError as error:
            raise Unreadable("mappings and lists are nested too deeply") from error
        if value is not None:
            parts.append(_part(name, value, reader.lines, reader.lines[()]))
    return parts


def _composed(text: str) -> list[Node]:
    try:
        return [node for node in YAML(pure=True).compose_all(text) if node is not None]
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(f"is not YAML: {error.problem or error.context}", mark.line + 1 if mark else 0) from error
    except RecursionError as error:
        raise Unreadable("mappings and lists are nested too deeply") from error
    except (YAMLError, ValueError) as error:
        raise Unreadable(f"is not YAML: {str(error).splitlines()[0]}") from error


def _json_part(name: str, text: str) -> Part:
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Unreadable(f"is not JSON: {error.msg}", error.lineno) from error
    except RecursionError as error:
        raise Unreadable("objects and lists are nested too deeply") from error
    except ValueError as error:
        raise Unreadable(f"is not JSON: {error}") from error
    return _part(name, value, _json_lines(text), 1)


def _json_lines(text: str) -> dict[Path, int]:
    """JSON is YAML but for tabs between tokens; within its text a tab is escaped, so that all others are between."""
    reader = Reader()
    try:
        for node in _composed(text.replace("\t", " ")):
            reader.value(node)
    except (Unreadable, RecursionError):
        return {}  # the values are known all the same; faults in them then name the first line
    return reader.lines


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise Unreadable(f"{key} is given twice in one object")
        values[key] = value
    return values


def _no_constant(name: str) -> Any:
    raise Unreadable(f"{name} is no number that JSON can hold")


def _part(name: str, value: Any, lines: dict[Path, int], line: int) -> Part:
    if not isinstance(value, dict):
        raise Unreadable("definitions are a mapping: account, properties, segments, campaigns, ...", line)
    return Part(name, value, lines)

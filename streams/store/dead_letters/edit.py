"""Changes to a refused event before it is sent again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from streams.errors import UsageError

FieldPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LetterEdit:
    """Either a whole event in place of the refused one, or fields of it that are set and removed, in this order."""

    document: Mapping[str, Any] | None = None
    assignments: Sequence[tuple[FieldPath, Any]] = ()
    removals: Sequence[FieldPath] = ()

    def apply(self, event: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The event after the edit; None where there is none to change. The one given stays as it is."""
        if self.document is not None:
            return dict(self.document)
        if event is None:
            return None
        copy: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(event))
        for path, value in self.assignments:
            _parent(copy, path)[path[-1]] = value
        for path in self.removals:
            _remove(copy, path)
        return copy

    def __bool__(self) -> bool:
        return self.document is not None or bool(self.assignments) or bool(self.removals)


NO_EDIT = LetterEdit()


def parse_assignment(text: str) -> tuple[FieldPath, Any]:
    """The field and the value of `FIELD=VALUE`; a value that is no JSON is text. Raises UsageError."""
    name, is_assignment, value = text.partition("=")
    if not is_assignment:
        raise UsageError(f"--set takes FIELD=VALUE, not {text!r}")
    try:
        return parse_path(name), msgspec.json.decode(value)
    except (msgspec.DecodeError, ValueError):
        return parse_path(name), value


def parse_path(text: str) -> FieldPath:
    """The names that lead to a field, `properties.employees`. Raises UsageError."""
    path = tuple(text.split("."))
    if not all(path):
        raise UsageError(f"{text!r} names no field: NAME, or NAME.NAME for one inside an object")
    return path


def parse_document(text: bytes, where: str) -> Mapping[str, Any]:
    """The event that a file holds. Raises UsageError with `where` for anything but one JSON object."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError) as error:
        raise UsageError(f"{where}: not JSON: {error}") from error
    if not isinstance(document, dict):
        raise UsageError(f"{where}: one JSON object is needed, the event as it should be")
    return document


def _parent(event: dict[str, Any], path: FieldPath) -> dict[str, Any]:
    """The object that a field is in; made where it is missing or no object."""
    for name in path[:-1]:
        inner = event.get(name)
        if not isinstance(inner, dict):
            inner = event[name] = {}
        event = inner
    return event


def _remove(event: dict[str, Any], path: FieldPath) -> None:
    """Removes a field that is there."""
    for name in path[:-1]:
        inner = event.get(name)
        if not isinstance(inner, dict):
            return
        event = inner
    event.pop(path[-1], None)

"""Lines that are JSON objects: of nginx, Caddy, Traefik and others, and those that Docker keeps text in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from streams.publish.access_log.entry import LogEntry, LogFields
from streams.publish.access_log.escapes import unescape
from streams.publish.access_log.roles import FieldRole, role_names

_MOST_NAMES = 12
_MOST_CHARACTERS = 40
_MOST_DEPTH = 3
_BYTES = re.compile(r"\\\\|(?:\\x[0-9A-Fa-f]{2})+")

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class JsonLog:
    """Reads lines of JSON by the names that servers give their fields; `overrides` names others for some roles."""

    def __init__(self, overrides: Mapping[FieldRole, str]) -> None:
        names = role_names(overrides)
        self._fields = LogFields(names)
        self._client_names = names["client"]
        self._client_override = overrides.get("client")

    def read_entry(self, line: str) -> LogEntry:
        """Returns what the object of a line says. Raises ValueError."""
        fields = _decode_object(line)
        find = _Finder(fields).find
        if all(find(name) is None for name in self._client_names):
            raise ValueError(self._missing_client(fields))
        return self._fields.build_entry(find, has_escapes=False)

    def _missing_client(self, fields: Mapping[str, Any]) -> str:
        names = ", ".join(islice(_field_names(fields), _MOST_NAMES)) or "none"
        if self._client_override is not None:
            return f"the line has no field {self._client_override}; its fields are {names}"
        return f"no field of the line is known as the client; --client-field names one; its fields are {names}"


def _field_names(fields: Mapping[str, Any], depth: int = _MOST_DEPTH) -> Iterator[str]:
    """Yields the names of fields as options take them: `a.b` is the field b of the object a."""
    for name, value in fields.items():
        if isinstance(value, Mapping) and value and depth:
            yield from (f"{name[:_MOST_CHARACTERS]}.{inner}" for inner in _field_names(value, depth - 1))
        else:
            yield name[:_MOST_CHARACTERS]


def unwrap_docker_line(line: str) -> str | None:
    """Returns the text that Docker's `json-file` driver keeps in an object; None where the line is no such object."""
    if '"log"' not in line or '"stream"' not in line:
        return None
    try:
        fields = _decode_object(line)
    except ValueError:
        return None
    text = fields.get("log")
    return text.strip() if isinstance(text, str) and "stream" in fields else None


def _decode_object(line: str) -> dict[str, Any]:
    """Returns an object. Raises ValueError."""
    try:
        return _decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        if "\\x" not in line:
            raise ValueError(f"not a JSON object: {_describe(error)}") from error
    try:
        # nginx without escape=json, and Apache, write bytes between the quotes that are no escapes of JSON.
        return _decode(_BYTES.sub(_json_text, line))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ValueError(f"not a JSON object: {_describe(error)}") from error


def _describe(error: Exception) -> str:
    """Returns what is wrong with JSON, in a few words."""
    return "nested too deeply" if isinstance(error, RecursionError) else str(error).partition(" - at ")[0]


def _json_text(match: re.Match[str]) -> str:
    """Returns bytes that a server escaped, or an escaped backslash, as text within JSON."""
    return _encode(unescape(match[0]))[1:-1].decode()


class _Finder:
    """Finds values of a line by the names of their fields."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def find(self, name: str) -> Any:
        """Returns the value of a field; `a.b` is the field b of the object a; of a list, the first value."""
        value = self._fields.get(name)
        if value is None and "." in name:
            value = self._fields
            for part in name.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
        return value[0] if isinstance(value, list) and value else value

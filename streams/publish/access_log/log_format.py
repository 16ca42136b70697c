"""Reads lines by a log format in the notation of nginx (`$remote_addr ...`) or Apache (`%h %l ...`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from streams.errors import UsageError
from streams.publish.access_log.clients import is_address
from streams.publish.access_log.entry import LogEntry, LogFields
from streams.publish.access_log.roles import FieldRole, RoleNames, role_names
from streams.publish.access_log.server_fields import (
    APACHE_DIRECTIVE,
    NGINX_VARIABLE,
    apache_field,
    nginx_field,
)

_CONFIGURATION_ESCAPE = re.compile(r"\\[\"'t\\]")
# What stands side by side here is one address.
_WHOLE_ADDRESSES = ("$uri$is_args$args", "%U%q")
_NGINX_FIELD = re.compile("|".join((re.escape(_WHOLE_ADDRESSES[0]), NGINX_VARIABLE.pattern)))
_APACHE_FIELD = re.compile("|".join(("%%", re.escape(_WHOLE_ADDRESSES[1]), APACHE_DIRECTIVE.pattern)))
_DIRECTIVES = frozenset({"log_format", "logformat", "access_log", "customlog", "transferlog"})
"""How lines of a server's configuration begin, in lower case."""
_FORMATS_WITHOUT_OPTION = frozenset({"common", "combined", "vhost_combined", "json"})
_ESSENTIAL_ROLES: tuple[FieldRole, ...] = ("client", "time", "request", "url", "method")


@dataclass(frozen=True, slots=True)
class _Part:
    """A field, and the text that follows it up to the next one."""

    name: str
    end: str


class FormatLog:
    """Reads lines that a log format describes; raises UsageError where it does not say who visited what, and when."""

    def __init__(self, log_format: str, overrides: Mapping[FieldRole, str]) -> None:
        self._start, self._parts = _compile(log_format)
        self._before_ident = _name_before(self._parts, "remote_ident")
        names = role_names(overrides)
        fields = {part.name for part in self._parts}
        for role, name in overrides.items():
            if fields.isdisjoint(names[role]):
                option = "--client-field" if role == "client" else f"--log-field {role}"
                raise UsageError(f"{option}: the format has no {name}; it has {', '.join(sorted(fields))}")
        _require_roles(fields, names)
        self._essential = {next((name for name in names[role] if name in fields), "") for role in _ESSENTIAL_ROLES}
        self._fields = LogFields(names)

    def read_entry(self, line: str) -> LogEntry:
        """Returns what a line says. Raises ValueError for a line that does not have the form."""
        values = self._split(line)
        if is_address(values.get("remote_ident", "")) and not values.get(self._before_ident, "").endswith(","):
            # The line has a virtual host or a proxy in front: as a contact it would have everybody's visits.
            raise ValueError("the line does not fit --log-format: an address stands where it has remote_ident")
        return self._fields.build_entry(values.get, has_escapes=True)

    def _split(self, line: str) -> dict[str, str]:
        if not line.startswith(self._start):
            raise ValueError(f"the line does not begin with {self._start!r}, as --log-format says")
        values: dict[str, str] = {}
        position = len(self._start)
        for number, part in enumerate(self._parts):
            end = _find_end(line, part.end, position)
            if end < 0:
                if self._is_cut_off(line, position, number):
                    values.setdefault(part.name, line[position:])
                    return values
                raise ValueError(f"the line does not fit --log-format: no {part.end!r} ends its {part.name}")
            values.setdefault(part.name, line[position:end])
            position = end + len(part.end)
        if position < len(line):
            raise ValueError(f"the line does not fit --log-format: more follows its {self._parts[-1].name}")
        return values

    def _is_cut_off(self, line: str, position: int, number: int) -> bool:
        """Whether a line that ends within this field ends in quotes, after all that a visit needs."""
        part = self._parts[number]
        is_needed = any(each.name in self._essential for each in self._parts[number:])
        return part.end.startswith('"') and not is_needed and _find_end(line, '"', position) < 0


def _name_before(parts: list[_Part], name: str) -> str:
    return next((first.name for first, second in pairwise(parts) if second.name == name), "")


def _find_end(line: str, end: str, position: int) -> int:
    """Returns where the text that ends a field begins, -1 where it does not stand in the rest of the line."""
    if not end:
        return len(line)
    found = line.find(end, position)
    if not end.startswith('"'):
        return found
    while found >= 0 and _is_escaped(line, found, position):
        found = line.find(end, found + 1)
    return found


def _is_escaped(line: str, position: int, start: int) -> bool:
    """Whether a quote has an odd number of backslashes before it."""
    first = position
    while first > start and line[first - 1] == "\\":
        first -= 1
    return (position - first) % 2 == 1


def _compile(log_format: str) -> tuple[str, list[_Part]]:
    """Returns the text before the first field, and the fields. Raises UsageError."""
    text = _CONFIGURATION_ESCAPE.sub(lambda match: match[0][1:].replace("t", "\t"), log_format.strip())
    if text.split(" ")[0].lower() in _DIRECTIVES:
        raise UsageError(
            "--log-format: the format alone, without the words around it; what stands in several quotes is one text"
        )
    if text in _FORMATS_WITHOUT_OPTION:
        raise UsageError(f"--log-format: lines in the format {text!r} are read without this option")
    if text.startswith("{"):
        raise UsageError("--log-format: lines of JSON need none; --log-field says what their fields are")
    pattern = _NGINX_FIELD if NGINX_VARIABLE.search(text) else _APACHE_FIELD
    literals, names = [""], []
    position = 0
    for match in pattern.finditer(text):
        literals[-1] += _literal(text[position : match.start()])
        position = match.end()
        if match[0] == "%%":
            literals[-1] += "%"
            continue
        start, end = ("[", "]") if match[0] == "%t" else ("", "")
        literals[-1] += start
        literals.append(end)
        names.append(_field_name(match))
    literals[-1] += _literal(text[position:])
    if not names:
        raise UsageError(f"--log-format: {log_format!r} names no field, such as $remote_addr or %h")
    for first, between, second in zip(names, literals[1:], names[1:], strict=False):
        if not between:
            raise UsageError(f"--log-format: nothing stands between {first} and {second}, so neither can be read")
    return literals[0], [_Part(name, end) for name, end in zip(names, literals[1:], strict=True)]


def _literal(text: str) -> str:
    for sign in "$%":
        if sign in text:
            raise UsageError(f"--log-format: {text[text.index(sign) :][:20]!r} is no field of nginx or Apache")
    return text


def _field_name(match: re.Match[str]) -> str:
    try:
        if match[0] in _WHOLE_ADDRESSES:
            return "request_uri"
        if match[0].startswith("$"):
            return nginx_field(match[0].strip("${}"))
        return apache_field(match[0], match["argument"], match["letter"])
    except ValueError as error:
        raise UsageError(f"--log-format: {error}") from error


def _require_roles(fields: set[str], names: RoleNames) -> None:
    """Raises UsageError unless a line says who the client is, when it was, and what was visited."""
    examples: dict[FieldRole, str] = {"client": "$remote_addr or %h", "time": "$time_local or %t"}
    for role, example in examples.items():
        if fields.isdisjoint(names[role]):
            raise UsageError(f"--log-format: it has no {role}, such as {example}; --log-field {role}=FIELD names one")
    if fields.isdisjoint(names["request"]) and fields.isdisjoint(names["url"]):
        raise UsageError("--log-format: it has no address that was visited, such as $request or %r")

"""Splits the text of a query into tokens."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from connectors.salesforce_sandbox.api_errors import ApiError

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
Token = tuple[str, Any]
"""The kind of a token (text, datetime, date, number, name, sign) and its value."""


def tokenize(text: str) -> list[Token]:
    """Returns the tokens of a query. Raises ApiError with MALFORMED_QUERY."""
    tokens: list[Token] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise malformed_query(f"unexpected character at {position}: {text[position : position + 10]!r}")
        position = match.end()
        kind = str(match.lastgroup)
        tokens.append((kind, _convert_literal(kind, match[kind])))
    return tokens


def malformed_query(message: str) -> ApiError:
    """Returns the error for a query that cannot be parsed."""
    return ApiError("MALFORMED_QUERY", message, None)


def _convert_literal(kind: str, text: str) -> Any:
    try:
        if kind == "datetime":
            return datetime.fromisoformat(text).astimezone(UTC)
        if kind == "date":
            return date.fromisoformat(text)
    except ValueError as error:
        raise malformed_query(f"not a date: {text}") from error
    if kind == "number":
        return float(text) if "." in text else int(text)
    if kind == "text":
        return re.sub(r"\\(.)", lambda each: _ESCAPES.get(each[1], each[1]), text[1:-1])
    return text

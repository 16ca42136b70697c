"""A parser for a small part of SOQL; it refuses everything else with MALFORMED_QUERY.

    SELECT field, ... | COUNT() FROM object [WHERE condition] [ORDER BY field [ASC|DESC], ...] [LIMIT n]

A condition compares fields with `= != < <= > >= IN "NOT IN" LIKE`, joined by AND or OR (one kind per level, as in
Salesforce), with parentheses and NOT.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from connectors.salesforce_sandbox.api_errors import ApiError

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_COMPARISON_OPERATORS = {"=", "!=", "<>", "<", "<=", ">", ">=", "like", "in", "not in"}


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """One field against one value; a list of values for `in` and `not in`."""

    field: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class BooleanExpression:
    """Conditions joined by `and` or `or`, or the one under `not`."""

    kind: Literal["and", "or", "not"]
    operands: tuple[SoqlCondition, ...]


SoqlCondition = FieldComparison | BooleanExpression


@dataclass(frozen=True, slots=True)
class Select:
    """A parsed query; `fields` is empty for COUNT()."""

    fields: tuple[str, ...]
    sobject: str
    where: SoqlCondition | None = None
    order: tuple[tuple[str, bool], ...] = field(default=())
    """Field and whether descending."""
    limit: int | None = None


def parse_soql(text: str) -> Select:
    """Parses a query. Raises ApiError with MALFORMED_QUERY."""
    return _Parser(text).select()


def parse_condition(text: str) -> SoqlCondition:
    """Parses what stands behind WHERE. Raises ApiError with MALFORMED_QUERY."""
    return _Parser(text).condition()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokenize(text))
        self._index = 0

    def select(self) -> Select:
        self._expect("select")
        fields = self._fields()
        self._expect("from")
        sobject = self._name()
        where = self._condition() if self._accept("where") else None
        order = self._order() if self._accept("order") else ()
        limit = self._limit() if self._accept("limit") else None
        if self._index < len(self._tokens):
            raise self._unexpected_token()
        return Select(fields, sobject, where, order, limit)

    def condition(self) -> SoqlCondition:
        condition = self._condition()
        if self._index < len(self._tokens):
            raise self._unexpected_token()
        return condition

    def _fields(self) -> tuple[str, ...]:
        first = self._name()
        if first.lower() == "count" and self._accept("("):
            self._expect(")")
            return ()
        fields = [first]
        while self._accept(","):
            fields.append(self._name())
        return tuple(fields)

    def _condition(self) -> SoqlCondition:
        parts = [self._term()]
        kind: Literal["and", "or"] | None = None
        while (word := self._peek()) in ("and", "or"):
            if kind is not None and word != kind:
                raise self._unexpected_token()
            kind = "and" if word == "and" else "or"
            self._index += 1
            parts.append(self._term())
        return parts[0] if kind is None else BooleanExpression(kind, tuple(parts))

    def _term(self) -> SoqlCondition:
        if self._accept("not"):
            return BooleanExpression("not", (self._term(),))
        if self._accept("("):
            inside = self._condition()
            self._expect(")")
            return inside
        name = self._name()
        operator = self._operator()
        if operator not in ("in", "not in"):
            return FieldComparison(name, operator, self._literal())
        self._expect("(")
        values = [self._literal()]
        while self._accept(","):
            values.append(self._literal())
        self._expect(")")
        return FieldComparison(name, operator, values)

    def _operator(self) -> str:
        word = self._peek()
        if word == "not":
            self._index += 1
            word = f"not {self._peek()}"
        if word not in _COMPARISON_OPERATORS:
            raise self._unexpected_token()
        self._index += 1
        return "!=" if word == "<>" else word

    def _literal(self) -> Any:
        if self._index >= len(self._tokens):
            raise self._unexpected_token()
        kind, value = self._tokens[self._index]
        if kind == "name":
            words = {"true": True, "false": False, "null": None}
            if str(value).lower() not in words:
                raise self._unexpected_token()
            value = words[str(value).lower()]
        elif kind == "sign":
            raise self._unexpected_token()
        self._index += 1
        return value

    def _order(self) -> tuple[tuple[str, bool], ...]:
        self._expect("by")
        order = [self._order_item()]
        while self._accept(","):
            order.append(self._order_item())
        return tuple(order)

    def _order_item(self) -> tuple[str, bool]:
        name = self._name()
        if self._accept("desc"):
            return name, True
        self._accept("asc")
        return name, False

    def _limit(self) -> int:
        value = self._literal()
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._unexpected_token()
        return value

    def _name(self) -> str:
        if self._index >= len(self._tokens) or self._tokens[self._index][0] != "name":
            raise self._unexpected_token()
        self._index += 1
        return str(self._tokens[self._index - 1][1])

    def _peek(self) -> str:
        if self._index >= len(self._tokens):
            return ""
        kind, value = self._tokens[self._index]
        return str(value).lower() if kind in ("name", "sign") else ""

    def _accept(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self._index += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise self._unexpected_token()

    def _unexpected_token(self) -> ApiError:
        if self._index >= len(self._tokens):
            return malformed_query("unexpected end of the query")
        return malformed_query(f"unexpected token: '{self._tokens[self._index][1]}'")


def malformed_query(message: str) -> ApiError:
    """Returns the error for a query that cannot be parsed."""
    return ApiError("MALFORMED_QUERY", message, None)


def _tokenize(text: str) -> list[tuple[str, Any]]:
    tokens: list[tuple[str, Any]] = []
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


def _convert_literal(kind: str, text: str) -> Any:
    try:
        if kind == "datetime":
            return datetime.fromisoformat(text)
        if kind == "date":
            return date.fromisoformat(text)
    except ValueError as error:
        raise malformed_query(f"not a date: {text}") from error
    if kind == "number":
        return float(text) if "." in text else int(text)
    if kind == "text":
        return re.sub(r"\\(.)", lambda each: _ESCAPES.get(each[1], each[1]), text[1:-1])
    return text

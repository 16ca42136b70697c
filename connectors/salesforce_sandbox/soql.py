"""A small honest parser of SOQL: what it does not know it refuses with MALFORMED_QUERY, never guesses.

    SELECT field, ... | COUNT() FROM object [WHERE condition] [ORDER BY field [ASC|DESC], ...] [LIMIT n]

A condition compares fields with `= != < <= > >= IN "NOT IN" LIKE`, joined by AND or OR (one kind per level, as in
the real service), with parentheses and NOT.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from connectors.salesforce_sandbox.api_errors import Problem

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
_COMPARISONS = {"=", "!=", "<>", "<", "<=", ">", ">=", "like", "in", "not in"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field against one value; a list of values for `in` and `not in`."""

    field: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions joined by `and` or `or`, or the one under `not`."""

    kind: Literal["and", "or", "not"]
    parts: tuple[Condition, ...]


Condition = Comparison | Junction


@dataclass(frozen=True, slots=True)
class Select:
    """A parsed query; `fields` is empty for COUNT()."""

    fields: tuple[str, ...]
    sobject: str
    where: Condition | None = None
    order: tuple[tuple[str, bool], ...] = field(default=())
    """Field and whether descending."""
    limit: int | None = None


def parse(text: str) -> Select:
    """The query of a text. Raises Problem(MALFORMED_QUERY)."""
    return _Parser(text).select()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._place = 0

    def select(self) -> Select:
        self._expect("select")
        fields = self._fields()
        self._expect("from")
        sobject = self._name()
        where = self._condition() if self._take("where") else None
        order = self._order() if self._take("order") else ()
        limit = self._limit() if self._take("limit") else None
        if self._place < len(self._tokens):
            raise self._unexpected()
        return Select(fields, sobject, where, order, limit)

    def _fields(self) -> tuple[str, ...]:
        first = self._name()
        if first.lower() == "count" and self._take("("):
            self._expect(")")
            return ()
        fields = [first]
        while self._take(","):
            fields.append(self._name())
        return tuple(fields)

    def _condition(self) -> Condition:
        parts = [self._term()]
        kind: Literal["and", "or"] | None = None
        while (word := self._peek()) in ("and", "or"):
            if kind is not None and word != kind:
                raise self._unexpected()
            kind = "and" if word == "and" else "or"
            self._place += 1
            parts.append(self._term())
        return parts[0] if kind is None else Junction(kind, tuple(parts))

    def _term(self) -> Condition:
        if self._take("not"):
            return Junction("not", (self._term(),))
        if self._take("("):
            inside = self._condition()
            self._expect(")")
            return inside
        name = self._name()
        operator = self._operator()
        if operator not in ("in", "not in"):
            return Comparison(name, operator, self._literal())
        self._expect("(")
        values = [self._literal()]
        while self._take(","):
            values.append(self._literal())
        self._expect(")")
        return Comparison(name, operator, values)

    def _operator(self) -> str:
        word = self._peek()
        if word == "not":
            self._place += 1
            word = f"not {self._peek()}"
        if word not in _COMPARISONS:
            raise self._unexpected()
        self._place += 1
        return "!=" if word == "<>" else word

    def _literal(self) -> Any:
        if self._place >= len(self._tokens):
            raise self._unexpected()
        kind, value = self._tokens[self._place]
        if kind == "name":
            words = {"true": True, "false": False, "null": None}
            if str(value).lower() not in words:
                raise self._unexpected()
            value = words[str(value).lower()]
        elif kind == "sign":
            raise self._unexpected()
        self._place += 1
        return value

    def _order(self) -> tuple[tuple[str, bool], ...]:
        self._expect("by")
        order = [self._order_item()]
        while self._take(","):
            order.append(self._order_item())
        return tuple(order)

    def _order_item(self) -> tuple[str, bool]:
        name = self._name()
        if self._take("desc"):
            return name, True
        self._take("asc")
        return name, False

    def _limit(self) -> int:
        value = self._literal()
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._unexpected()
        return value

    def _name(self) -> str:
        if self._place >= len(self._tokens) or self._tokens[self._place][0] != "name":
            raise self._unexpected()
        self._place += 1
        return str(self._tokens[self._place - 1][1])

    def _peek(self) -> str:
        if self._place >= len(self._tokens):
            return ""
        kind, value = self._tokens[self._place]
        return str(value).lower() if kind in ("name", "sign") else ""

    def _take(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self._place += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected()

    def _unexpected(self) -> Problem:
        if self._place >= len(self._tokens):
            return malformed("unexpected end of the query")
        return malformed(f"unexpected token: '{self._tokens[self._place][1]}'")


def malformed(message: str) -> Problem:
    """The refusal of a query."""
    return Problem("MALFORMED_QUERY", message, None)


def _tokens(text: str) -> list[tuple[str, Any]]:
    tokens: list[tuple[str, Any]] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise malformed(f"unexpected character at {place}: {text[place : place + 10]!r}")
        place = match.end()
        kind = str(match.lastgroup)
        tokens.append((kind, _value(kind, match[kind])))
    return tokens


def _value(kind: str, text: str) -> Any:
    try:
        if kind == "datetime":
            return datetime.fromisoformat(text)
        if kind == "date":
            return date.fromisoformat(text)
    except ValueError as error:
        raise malformed(f"not a date: {text}") from error
    if kind == "number":
        return float(text) if "." in text else int(text)
    if kind == "text":
        return re.sub(r"\\(.)", lambda each: _ESCAPES.get(each[1], each[1]), text[1:-1])
    return text

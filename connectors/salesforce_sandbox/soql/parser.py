"""A parser for a part of SOQL; it refuses everything else with MALFORMED_QUERY.

    SELECT field, aggregate(field) [alias], ... | COUNT() FROM object
    [WHERE condition] [GROUP BY field, ...] [ORDER BY field [ASC|DESC] [NULLS FIRST|LAST], ...] [LIMIT n] [OFFSET n]

A condition compares fields with `= != < <= > >= IN "NOT IN" LIKE INCLUDES EXCLUDES`, joined by AND or OR (one kind
per level, as in Salesforce), with parentheses and NOT. IN takes values or another query. A field may go over
relationships (`Campaign.Name`); the aggregates are COUNT, COUNT_DISTINCT, SUM, AVG, MIN and MAX.
"""

from __future__ import annotations

from typing import Any, Literal

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.soql.syntax import (
    AggregateCall,
    BooleanExpression,
    FieldComparison,
    Select,
    SoqlCondition,
    SortKey,
)
from connectors.salesforce_sandbox.soql.tokens import malformed_query, tokenize

AGGREGATES = ("count", "count_distinct", "sum", "avg", "min", "max")
_LIST_OPERATORS = {"in", "not in", "includes", "excludes"}
_COMPARISON_OPERATORS = {"=", "!=", "<>", "<", "<=", ">", ">=", "like", *_LIST_OPERATORS}
_CLAUSES = {"from", "where", "group", "order", "limit", "offset"}


def parse_soql(text: str) -> Select:
    """Parses a query. Raises ApiError with MALFORMED_QUERY."""
    return _Parser(text).whole_query()


def parse_condition(text: str) -> SoqlCondition:
    """Parses what stands behind WHERE. Raises ApiError with MALFORMED_QUERY."""
    return _Parser(text).whole_condition()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = tokenize(text)
        self._index = 0

    def whole_query(self) -> Select:
        select = self._select()
        self._expect_end()
        return select

    def whole_condition(self) -> SoqlCondition:
        condition = self._condition()
        self._expect_end()
        return condition

    def _select(self) -> Select:
        self._expect("select")
        fields = self._fields()
        self._expect("from")
        sobject = self._name()
        where = self._condition() if self._accept("where") else None
        group = self._group() if self._accept("group") else ()
        order = self._order() if self._accept("order") else ()
        limit = self._count() if self._accept("limit") else None
        offset = self._count() if self._accept("offset") else 0
        return Select(fields, sobject, where, group, order, limit, offset)

    def _fields(self) -> tuple[str | AggregateCall, ...]:
        if self._peek() == "count" and self._peek(1) == "(" and self._peek(2) == ")":
            self._index += 3
            return ()
        fields = [self._field_or_aggregate(0)]
        while self._accept(","):
            calls = sum(1 for each in fields if isinstance(each, AggregateCall))
            fields.append(self._field_or_aggregate(calls))
        return tuple(fields)

    def _field_or_aggregate(self, number: int) -> str | AggregateCall:
        name = self._name()
        if name.lower() not in AGGREGATES or not self._accept("("):
            return name
        field = self._name()
        self._expect(")")
        has_alias = self._is_name() and self._peek() not in _CLAUSES
        return AggregateCall(name.lower(), field, self._name() if has_alias else f"expr{number}")

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
        if operator not in _LIST_OPERATORS:
            return FieldComparison(name, operator, self._literal())
        self._expect("(")
        value = self._select() if self._peek() == "select" else self._literals()
        if isinstance(value, Select) and len(value.fields) != 1:
            raise self._unexpected_token()
        self._expect(")")
        return FieldComparison(name, operator, value)

    def _literals(self) -> tuple[Any, ...]:
        values = [self._literal()]
        while self._accept(","):
            values.append(self._literal())
        return tuple(values)

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

    def _group(self) -> tuple[str, ...]:
        self._expect("by")
        names = [self._name()]
        while self._accept(","):
            names.append(self._name())
        return tuple(names)

    def _order(self) -> tuple[SortKey, ...]:
        self._expect("by")
        order = [self._sort_key()]
        while self._accept(","):
            order.append(self._sort_key())
        return tuple(order)

    def _sort_key(self) -> SortKey:
        name = self._name()
        is_descending = self._accept("desc")
        if not is_descending:
            self._accept("asc")
        if not self._accept("nulls"):
            return SortKey(name, is_descending, nulls_first=not is_descending)
        nulls_first = self._accept("first")
        if not nulls_first:
            self._expect("last")
        return SortKey(name, is_descending, nulls_first)

    def _count(self) -> int:
        value = self._literal()
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._unexpected_token()
        return value

    def _name(self) -> str:
        if not self._is_name():
            raise self._unexpected_token()
        self._index += 1
        return str(self._tokens[self._index - 1][1])

    def _is_name(self) -> bool:
        return self._index < len(self._tokens) and self._tokens[self._index][0] == "name"

    def _peek(self, ahead: int = 0) -> str:
        if self._index + ahead >= len(self._tokens):
            return ""
        kind, value = self._tokens[self._index + ahead]
        return str(value).lower() if kind in ("name", "sign") else ""

    def _accept(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self._index += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise self._unexpected_token()

    def _expect_end(self) -> None:
        if self._index < len(self._tokens):
            raise self._unexpected_token()

    def _unexpected_token(self) -> ApiError:
        if self._index >= len(self._tokens):
            return malformed_query("unexpected end of the query")
        return malformed_query(f"unexpected token: '{self._tokens[self._index][1]}'")

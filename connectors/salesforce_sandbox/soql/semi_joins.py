"""The bounds that SOQL sets for queries inside a condition (semi joins), which a real org refuses to go beyond."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.salesforce_sandbox.soql.syntax import BooleanExpression, FieldComparison, Select, SoqlCondition
from connectors.salesforce_sandbox.soql.tokens import malformed_query

MAX_SEMI_JOINS = 2


def check_semi_joins(select: Select) -> None:
    """Checks the queries inside the condition of a query. Raises ApiError with MALFORMED_QUERY."""
    joins = list(_semi_joins(select.where, is_at_top=True))
    if len(joins) > MAX_SEMI_JOINS:
        raise malformed_query(f"Maximum {MAX_SEMI_JOINS} semi join sub-selects are allowed.")
    for inner, is_at_top in joins:
        if not is_at_top:
            raise malformed_query("Semi join sub-selects are not allowed with the 'OR' operator")
        _check_inner(select, inner)


def _check_inner(outer: Select, inner: Select) -> None:
    if inner.sobject.lower() == outer.sobject.lower():
        raise malformed_query("The inner and outer selects should not be on the same object type")
    if inner.order or inner.limit is not None or inner.offset or inner.is_aggregate:
        raise malformed_query("ORDER BY, LIMIT and aggregates are not allowed in semi join sub-selects")
    if "." in str(inner.fields[0]):
        raise malformed_query(f"The selected field '{inner.fields[0]}' of a semi join may not be of another object")
    if next(_semi_joins(inner.where, is_at_top=True), None) is not None:
        raise malformed_query("Nesting of semi join sub-selects is not supported")


def _semi_joins(condition: SoqlCondition | None, *, is_at_top: bool) -> Iterator[tuple[Select, bool]]:
    """Yields the inner queries, and whether nothing but AND stands above each."""
    if isinstance(condition, FieldComparison):
        if isinstance(condition.value, Select):
            yield condition.value, is_at_top
    elif isinstance(condition, BooleanExpression):
        for operand in condition.operands:
            yield from _semi_joins(operand, is_at_top=is_at_top and condition.kind == "and")

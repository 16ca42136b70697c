"""`/query` and `/queryAll`: evaluates a parsed query and returns its result in pages."""

from __future__ import annotations

import operator
import re
import secrets
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox import ids
from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.org import ORG, Org
from connectors.salesforce_sandbox.schema import SObject
from connectors.salesforce_sandbox.soql import BooleanExpression, FieldComparison, Select, SoqlCondition, parse_soql
from connectors.salesforce_sandbox.store import SandboxRow

_ORDER_OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def routes(base: str) -> list[web.RouteDef]:
    """Returns the routes for queries below `base`, which is `/services/data/vNN.N`."""
    definitions = []
    for end in ("", "/"):
        definitions.append(web.get(f"{base}/query{end}", query))
        definitions.append(web.get(f"{base}/queryAll{end}", query_all))
    for name in ("query", "queryAll"):
        definitions.append(web.get(f"{base}/{name}/{{locator}}", query_more))
    return definitions


async def query(request: web.Request) -> web.Response:
    """Returns the first page of live rows."""
    return _first_page(request, include_deleted=False)


async def query_all(request: web.Request) -> web.Response:
    """Returns the first page of all rows, including those in the recycle bin."""
    return _first_page(request, include_deleted=True)


async def query_more(request: web.Request) -> web.Response:
    """Returns a further page: the locator holds the id of the result and the index of the next row."""
    locator, _, start = request.match_info["locator"].partition("-")
    if locator not in request.app[ORG].locators or not start.isdigit():
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator", None)
    return _page_response(request, locator, int(start))


def _first_page(request: web.Request, *, include_deleted: bool) -> web.Response:
    org = request.app[ORG]
    select = parse_soql(request.query.get("q", ""))
    sobject = org.schema.get(select.sobject)
    if sobject is None:
        raise ApiError("INVALID_TYPE", f"sObject type '{select.sobject}' is not supported.", None)
    fields = [_resolve_field(sobject, name) for name in select.fields]
    rows = run_query(sobject, select, org.store.rows(sobject.name, include_deleted=include_deleted))
    if not fields:
        return web.json_response({"totalSize": len(rows), "done": True, "records": []})
    locator = f"0r8{secrets.token_hex(8)}"
    org.locators[locator] = [_to_record(request, sobject, fields, row) for row in rows]
    return _page_response(request, locator, 0)


def run_query(sobject: SObject, select: Select, rows: Iterable[SandboxRow]) -> list[SandboxRow]:
    """Returns the rows that a query selects, in its order. Raises ApiError for a field that it cannot use."""
    where = select.where
    matches = [row for row in rows if where is None or _matches(sobject, where, row)]
    for name, descending in reversed(select.order):
        field = _resolve_field(sobject, name)
        matches.sort(key=lambda row: (row[field] is not None, _sort_key(row[field])), reverse=descending)
    return matches if select.limit is None else matches[: select.limit]


def _page_response(request: web.Request, locator: str, start: int) -> web.Response:
    org = request.app[ORG]
    records = org.locators[locator]
    end = start + _page_size(request, org)
    done = end >= len(records)
    body: dict[str, Any] = {"totalSize": len(records), "done": done, "records": records[start:end]}
    if done:
        del org.locators[locator]
    else:
        version = request.match_info["version"]
        body["nextRecordsUrl"] = f"/services/data/v{version}/query/{locator}-{end}"
    return web.json_response(body)


def _page_size(request: web.Request, org: Org) -> int:
    batch_size = re.search(r"batchSize=(\d+)", request.headers.get("Sforce-Query-Options", ""))
    return min(int(batch_size[1]), org.page_size) if batch_size else org.page_size


def _to_record(request: web.Request, sobject: SObject, fields: list[str], row: SandboxRow) -> SandboxRow:
    url = f"/services/data/v{request.match_info['version']}/sobjects/{sobject.name}/{row['Id']}"
    return {"attributes": {"type": sobject.name, "url": url}, **{name: row[name] for name in fields}}


def _resolve_field(sobject: SObject, name: str) -> str:
    for field in sobject.fields:
        if field.lower() == name.lower():
            return field
    raise ApiError("INVALID_FIELD", f"No such column '{name}' on entity '{sobject.name}'.", None)


def _matches(sobject: SObject, condition: SoqlCondition, row: SandboxRow) -> bool:
    if isinstance(condition, BooleanExpression):
        truths = (_matches(sobject, part, row) for part in condition.operands)
        if condition.kind == "not":
            return not next(truths)
        return all(truths) if condition.kind == "and" else any(truths)
    return _matches_comparison(sobject, condition, row)


def _matches_comparison(sobject: SObject, comparison: FieldComparison, row: SandboxRow) -> bool:
    name = _resolve_field(sobject, comparison.field)
    kind = sobject.fields[name].type
    if comparison.operator in ("in", "not in"):
        operands = [_parse_operand(name, kind, value) for value in comparison.value]
        return (_to_comparable(kind, row[name]) in operands) == (comparison.operator == "in")
    value, operand = _to_comparable(kind, row[name]), _parse_operand(name, kind, comparison.value)
    if comparison.operator in ("=", "!="):
        return bool(value == operand) == (comparison.operator == "=")
    if value is None or operand is None:
        return False
    if comparison.operator == "like":
        return _matches_like(str(value), str(operand))
    return bool(_ORDER_OPERATORS[comparison.operator](value, operand))


def _to_comparable(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "datetime":
        return datetime.fromisoformat(value)
    if kind == "date":
        return date.fromisoformat(value)
    return value.casefold() if isinstance(value, str) else value


def _parse_operand(name: str, kind: str, value: Any) -> Any:
    if value is None:
        return None
    fits = {
        "datetime": isinstance(value, datetime),
        "date": isinstance(value, date) and not isinstance(value, datetime),
        "boolean": isinstance(value, bool),
        "currency": isinstance(value, int | float) and not isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
    }.get(kind, isinstance(value, str))
    if not fits:
        raise ApiError("INVALID_FIELD", f"value of filter criterion for field '{name}' must be of type {kind}", None)
    if kind in ("id", "reference"):
        value = ids.to_18(value)
    return value.casefold() if isinstance(value, str) else value


def _matches_like(value: str, pattern: str) -> bool:
    parts = (".*" if letter == "%" else "." if letter == "_" else re.escape(letter) for letter in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def _sort_key(value: Any) -> Any:
    return "" if value is None else value

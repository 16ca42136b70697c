"""`/query` and `/queryAll`: evaluates a parsed query and returns its result in pages."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.org import ORG, Org, QueryResult
from connectors.salesforce_sandbox.records.schema import SObject
from connectors.salesforce_sandbox.records.store import SandboxRow
from connectors.salesforce_sandbox.soql.conditions import matches_condition, resolve_field
from connectors.salesforce_sandbox.soql.parser import Select, parse_soql


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
    fields = [resolve_field(sobject, name) for name in select.fields]
    rows = run_query(sobject, select, org.store.rows(sobject.name, include_deleted=include_deleted))
    if not fields:
        return web.json_response({"totalSize": len(rows), "done": True, "records": []})
    locator = f"0r8{secrets.token_hex(8)}"
    org.locators[locator] = QueryResult(rows, lambda row: _to_record(request, sobject, fields, row))
    return _page_response(request, locator, 0)


def run_query(sobject: SObject, select: Select, rows: Iterable[SandboxRow]) -> list[SandboxRow]:
    """Returns the rows that a query selects, in its order. Raises ApiError for a field that it cannot use."""
    where = select.where
    matches = [row for row in rows if where is None or matches_condition(sobject, where, row)]
    for name, descending in reversed(select.order):
        field = resolve_field(sobject, name)
        matches.sort(key=lambda row: (row[field] is not None, _sort_key(row[field])), reverse=descending)
    return matches if select.limit is None else matches[: select.limit]


def _page_response(request: web.Request, locator: str, start: int) -> web.Response:
    org = request.app[ORG]
    result = org.locators[locator]
    end = start + _page_size(request, org)
    done = end >= len(result.rows)
    records = [result.show(row) for row in result.rows[start:end]]
    body: dict[str, Any] = {"totalSize": len(result.rows), "done": done, "records": records}
    if done:
        del org.locators[locator]
    else:
        version = request.match_info["version"]
        body["nextRecordsUrl"] = f"/services/data/v{version}/query/{locator}-{end}"
    return web.json_response(body)


def _page_size(request: web.Request, org: Org) -> int:
    batch_size = re.search(r"batchSize=(\d+)", request.headers.get("Sforce-Query-Options", ""))
    return min(int(batch_size[1]), org.settings.page_size) if batch_size else org.settings.page_size


def _to_record(request: web.Request, sobject: SObject, fields: list[str], row: SandboxRow) -> SandboxRow:
    url = f"/services/data/v{request.match_info['version']}/sobjects/{sobject.name}/{row['Id']}"
    return {"attributes": {"type": sobject.name, "url": url}, **{name: row[name] for name in fields}}


def _sort_key(value: Any) -> Any:
    return "" if value is None else value

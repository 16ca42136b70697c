"""`/query` and `/queryAll`: the result of a query, in pages."""

from __future__ import annotations

import re
import secrets
from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.org import ORG, Org
from connectors.salesforce_sandbox.soql.execution import QueryResult, run_query
from connectors.salesforce_sandbox.soql.parser import parse_soql

_NAME_IN_MESSAGE = re.compile(r"(?:sObject type|No such column|relationship) '(?P<name>[^']+)'|ID field: (?P<id>.+)")


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
    return web.json_response(first_page(request, request.query.get("q", ""), include_deleted=False))


async def query_all(request: web.Request) -> web.Response:
    """Returns the first page of all rows, including those in the recycle bin."""
    return web.json_response(first_page(request, request.query.get("q", ""), include_deleted=True))


async def query_more(request: web.Request) -> web.Response:
    """Returns a further page: the locator holds the id of the result and the index of the next row."""
    locator, _, start = request.match_info["locator"].partition("-")
    if locator not in request.app[ORG].locators or not start.isdigit():
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator", None)
    return web.json_response(_page(request, locator, int(start)))


def first_page(request: web.Request, soql: str, *, include_deleted: bool) -> dict[str, Any]:
    """Runs a query and returns the body with its first rows. Raises ApiError."""
    org = request.app[ORG]
    try:
        result = run_query(org.query_context(), parse_soql(soql), include_deleted=include_deleted)
    except ApiError as error:
        raise _with_position(error, soql) from error
    if result.is_count:
        return {"totalSize": len(result.rows), "done": True, "records": []}
    if result.is_aggregate and len(result.rows) > org.settings.page_size:
        message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
        raise ApiError("EXCEEDED_ID_LIMIT", message, None)
    locator = f"0r8{secrets.token_hex(8)}"
    org.locators[locator] = result
    return _page(request, locator, 0)


def _page(request: web.Request, locator: str, start: int) -> dict[str, Any]:
    org = request.app[ORG]
    result = org.locators[locator]
    version = request.match_info["version"]
    end = start + _page_size(request, org, result)
    done = end >= len(result.rows)
    body: dict[str, Any] = {"totalSize": len(result.rows), "done": done}
    if done:
        del org.locators[locator]
    else:
        body["nextRecordsUrl"] = f"/services/data/v{version}/query/{locator}-{end}"
    body["records"] = [result.show(row, version) for row in result.rows[start:end]]
    return body


def _page_size(request: web.Request, org: Org, result: QueryResult) -> int:
    sizes = [org.settings.page_size]
    if result.max_page_size is not None:
        sizes.append(result.max_page_size)
    if batch_size := re.search(r"batchSize=(\d+)", request.headers.get("Sforce-Query-Options", "")):
        sizes.append(int(batch_size[1]))
    return min(sizes)


def _with_position(error: ApiError, soql: str) -> ApiError:
    """Returns the error with the place in the query in front, as the real service shows it."""
    name = _NAME_IN_MESSAGE.search(error.message)
    if name is None:
        return error
    position = max(0, soql.lower().find((name["name"] or name["id"]).lower()))
    place = f"\n{soql}\n{' ' * position}^\nERROR at Row:1:Column:{position + 1}\n"
    return ApiError(error.code, place + error.message, error.fields, status=error.status)

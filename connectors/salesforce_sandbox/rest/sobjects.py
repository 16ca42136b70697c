"""REST calls for single records: `/sobjects/...`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.org import ORG
from connectors.salesforce_sandbox.records import assignment, writes
from connectors.salesforce_sandbox.records.store import SandboxRow, format_timestamp

DUPLICATES_HEADER = "Sforce-Duplicate-Rule-Header"


def routes(base: str) -> list[web.RouteDef]:
    """Returns the routes for single records below `base`, which is `/services/data/vNN.N`."""
    return [
        web.get(f"{base}/sobjects/{{name}}/describe", describe),
        web.get(f"{base}/sobjects/{{name}}/updated/", list_updated),
        web.get(f"{base}/sobjects/{{name}}/deleted/", list_deleted),
        web.post(f"{base}/sobjects/{{name}}", create),
        web.post(f"{base}/sobjects/{{name}}/", create),
        web.get(f"{base}/sobjects/{{name}}/{{id}}", read),
        web.patch(f"{base}/sobjects/{{name}}/{{id}}", update),
        web.delete(f"{base}/sobjects/{{name}}/{{id}}", delete),
        web.patch(f"{base}/sobjects/{{name}}/{{field}}/{{key}}", upsert),
    ]


async def read_body(request: web.Request) -> dict[str, Any]:
    """Returns the JSON object of a request. Raises ApiError for any other body."""
    try:
        body = json.loads(await request.text())
    except ValueError as error:
        raise ApiError("JSON_PARSER_ERROR", f"Unexpected character in the body: {error}", None) from error
    if not isinstance(body, dict):
        raise ApiError("JSON_PARSER_ERROR", "The body has to be an object", None)
    return body


def save_options(request: web.Request) -> writes.SaveOptions:
    """Returns what the headers of a request say about duplicates and assignment. Raises ApiError."""
    org = request.app[ORG]
    duplicates = request.headers.get(DUPLICATES_HEADER, "").replace(" ", "").lower()
    rule = org.assignment_rules.choose(org.store, request.headers.get(assignment.HEADER))
    return writes.SaveOptions("allowsave=true" in duplicates, rule)


def record_path(request: web.Request, name: str, record_id: str) -> str:
    """Returns the path of a record, as responses show it."""
    return f"/services/data/v{request.match_info['version']}/sobjects/{name}/{record_id}"


async def describe(request: web.Request) -> web.Response:
    """GET `describe`: the schema of an object."""
    return web.json_response(writes.require_sobject(request.app[ORG], request.match_info["name"]).describe())


async def create(request: web.Request) -> web.Response:
    """POST: creates a record; 201 with its id."""
    org, name = request.app[ORG], request.match_info["name"]
    sobject = writes.require_sobject(org, name)
    result = writes.create(org, sobject, await read_body(request), save_options(request))
    body = {"id": result.id, "success": True, "errors": []}
    return web.json_response(body, status=201, headers={"Location": record_path(request, name, result.id)})


async def read(request: web.Request) -> web.Response:
    """GET by id: every field."""
    org, name = request.app[ORG], request.match_info["name"]
    row = org.store.get(writes.require_sobject(org, name).name, request.match_info["id"])
    if row is None or row["IsDeleted"] or org.store.access(row["Id"]) == "none":
        raise ApiError("NOT_FOUND", "The requested resource does not exist", None, status=404)
    attributes = {"type": name, "url": record_path(request, name, row["Id"])}
    return web.json_response({"attributes": attributes, **row})


async def update(request: web.Request) -> web.Response:
    """PATCH by id: changes a record; 204."""
    org = request.app[ORG]
    sobject = writes.require_sobject(org, request.match_info["name"])
    writes.update(org, sobject, request.match_info["id"], await read_body(request), save_options(request))
    return web.Response(status=204)


async def delete(request: web.Request) -> web.Response:
    """DELETE by id: puts a record into the recycle bin; 204."""
    org = request.app[ORG]
    writes.delete(org, writes.require_sobject(org, request.match_info["name"]), request.match_info["id"])
    return web.Response(status=204)


async def upsert(request: web.Request) -> web.Response:
    """PATCH by external id: 201 for a new record, 200 for a changed one, 300 with the paths of several matches."""
    org, name, field = request.app[ORG], request.match_info["name"], request.match_info["field"]
    sobject = writes.require_sobject(org, name)
    field = writes.check_key_field(sobject, field)
    body = await read_body(request)
    if field in body:
        raise ApiError("INVALID_FIELD", f"The {field} field should not be specified in the sobject data.")
    try:
        result = writes.upsert(
            org,
            sobject,
            field,
            request.match_info["key"],
            body,
            options=save_options(request),
        )
    except writes.MultipleMatches as several:
        return web.json_response([record_path(request, name, row["Id"]) for row in several.rows], status=300)
    location = {"Location": record_path(request, name, result.id)}
    return web.json_response(result.to_dict(), status=201 if result.created else 200, headers=location)


async def list_updated(request: web.Request) -> web.Response:
    """GET `updated`: the ids of live rows modified between `start` and `end`."""
    rows, end = _modified_between(request, lambda row: not row["IsDeleted"])
    return web.json_response({"ids": [row["Id"] for row in rows], "latestDateCovered": end})


async def list_deleted(request: web.Request) -> web.Response:
    """GET `deleted`: the rows put into the recycle bin between `start` and `end`, or out of it for good."""
    rows, end = _modified_between(request, lambda row: bool(row["IsDeleted"]))
    records = [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in rows]
    start = format_timestamp(datetime.fromisoformat(request.query["start"]))
    purged = request.app[ORG].store.purged(request.match_info["name"])
    records.extend({"id": each, "deletedDate": at} for each, at in purged.items() if start <= at <= end)
    return web.json_response({"deletedRecords": records, "earliestDateAvailable": end, "latestDateCovered": end})


def _modified_between(request: web.Request, predicate: Callable[[SandboxRow], bool]) -> tuple[list[SandboxRow], str]:
    org = request.app[ORG]
    sobject = writes.require_sobject(org, request.match_info["name"])
    try:
        start, end = (format_timestamp(datetime.fromisoformat(request.query[name])) for name in ("start", "end"))
    except (KeyError, ValueError) as error:
        raise ApiError("MALFORMED_QUERY", f"start and end have to be date-times: {error}", None) from error
    if start >= end:
        raise ApiError("INVALID_REPLICATION_DATE", "startDate must be before endDate", None)
    rows = [
        row for row in org.store.rows(sobject.name, include_deleted=True) if start <= row["SystemModstamp"] <= end
    ]
    return [row for row in rows if predicate(row)], end

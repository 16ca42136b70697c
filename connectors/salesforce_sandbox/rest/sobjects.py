"""REST calls for single records: `/sobjects/...`."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.failures import check_record_faults
from connectors.salesforce_sandbox.org import ORG
from connectors.salesforce_sandbox.records import assignment, writes
from connectors.salesforce_sandbox.records.store import format_timestamp

DUPLICATES_HEADER = "Sforce-Duplicate-Rule-Header"
_SHORTEST_SPAN = timedelta(minutes=1)
_REPLICATION_KNOWN = timedelta(days=30)
_DELETIONS_KNOWN = timedelta(days=15)


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
    return writes.SaveOptions("allowsave=true" in duplicates, rule, request.match_info["version"])


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
    body = await read_body(request)
    check_record_faults(request, [request.match_info["id"], *body.values()])
    writes.update(org, sobject, request.match_info["id"], body, save_options(request))
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
    check_record_faults(request, [request.match_info["key"], *body.values()])
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
    org = request.app[ORG]
    sobject = writes.require_sobject(org, request.match_info["name"])
    start, end = _replication_span(request)
    rows = org.store.select(sobject.name, org.store.find_ids_by_stamp(sobject.name, start, end))
    return web.json_response({"ids": [row["Id"] for row in rows], "latestDateCovered": end})


async def list_deleted(request: web.Request) -> web.Response:
    """GET `deleted`: the rows put into the recycle bin between `start` and `end`, also those purged from it."""
    org = request.app[ORG]
    sobject = writes.require_sobject(org, request.match_info["name"])
    start, end = _replication_span(request)
    records = [
        {"id": record_id, "deletedDate": stamp}
        for record_id, stamp in org.store.deletions(sobject.name)
        if start <= stamp <= end
    ]
    earliest = format_timestamp(org.store.now() - _DELETIONS_KNOWN)
    return web.json_response({"deletedRecords": records, "earliestDateAvailable": earliest, "latestDateCovered": end})


def _replication_span(request: web.Request) -> tuple[str, str]:
    """Returns `start` and `end` as rows hold their stamps. Raises ApiError for a span that Salesforce refuses."""
    org = request.app[ORG]
    try:
        start, end = (datetime.fromisoformat(request.query[name]) for name in ("start", "end"))
    except (KeyError, ValueError) as error:
        raise ApiError("MALFORMED_QUERY", f"start and end have to be date-times: {error}", None) from error
    if start >= end:
        raise ApiError("INVALID_REPLICATION_DATE", "startDate must be before endDate", None)
    if end - start < _SHORTEST_SPAN:
        message = "The specified end time must be chronologically after the start time by at least one minute"
        raise ApiError("INVALID_REPLICATION_DATE", message, None)
    if start < org.store.now() - _REPLICATION_KNOWN:
        raise ApiError("INVALID_REPLICATION_DATE", "startDate cannot be more than 30 days ago", None)
    return format_timestamp(start), format_timestamp(min(end, org.store.now()))

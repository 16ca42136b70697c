"""`/composite` and `/composite/graph`: several requests in one; a later one may use what an earlier one gave."""

from __future__ import annotations

import json
import re
from typing import Any

import aiohttp
from aiohttp import web

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.rest.sobjects import read_body

MAX_PARTS = 25
MAX_GRAPH_PARTS = 500
PART_HEADER = "X-Sandbox-Part"
"""Marks a request that is part of another one: it is neither counted nor logged again."""
_REFERENCE = re.compile(r"@\{(\w+)\.(\w+)\}")
_PASSED_HEADERS = ("Authorization", "Sforce-Auto-Assign", "Sforce-Duplicate-Rule-Header")


def routes(base: str) -> list[web.RouteDef]:
    """Returns the routes for composite requests below `base`, which is `/services/data/vNN.N`."""
    definitions = []
    for end in ("", "/"):
        definitions.append(web.post(f"{base}/composite{end}", run_composite))
        definitions.append(web.post(f"{base}/composite/graph{end}", run_graphs))
    return definitions


async def run_composite(request: web.Request) -> web.Response:
    """POST `composite`: a result for each part, in their order; HTTP 200 although parts fail."""
    body = await read_body(request)
    return web.json_response({"compositeResponse": await _run_parts(request, body, MAX_PARTS)})


async def run_graphs(request: web.Request) -> web.Response:
    """POST `composite/graph`: the results of each graph, and whether all of its parts succeeded."""
    body = await read_body(request)
    graphs = []
    for graph in body.get("graphs", []):
        results = await _run_parts(request, graph, MAX_GRAPH_PARTS)
        graphs.append(
            {
                "graphId": graph["graphId"],
                "graphResponse": {"compositeResponse": results},
                "isSuccessful": all(result["httpStatusCode"] < 300 for result in results),
            }
        )
    return web.json_response({"graphs": graphs})


async def _run_parts(request: web.Request, body: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    parts = body.get("compositeRequest")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise ApiError("JSON_PARSER_ERROR", "compositeRequest has to be a list of objects", None)
    if len(parts) > limit:
        raise ApiError("LIMIT_EXCEEDED", f"a composite request has at most {limit} parts", None)
    headers = {name: request.headers[name] for name in _PASSED_HEADERS if name in request.headers}
    headers[PART_HEADER] = "true"
    results: dict[str, dict[str, Any]] = {}
    async with aiohttp.ClientSession(f"{request.scheme}://{request.host}", headers=headers) as session:
        for part in parts:
            results[str(part["referenceId"])] = await _run_part(session, part, results)
    return list(results.values())


async def _run_part(
    session: aiohttp.ClientSession, part: dict[str, Any], results: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    part = json.loads(_REFERENCE.sub(lambda match: _referenced_value(match, results), json.dumps(part)))
    async with session.request(part["method"], part["url"], json=part.get("body")) as response:
        body = await response.json() if response.content_type == "application/json" else None
        headers = {"Location": response.headers["Location"]} if "Location" in response.headers else {}
        return {
            "body": body,
            "httpHeaders": headers,
            "httpStatusCode": response.status,
            "referenceId": part["referenceId"],
        }


def _referenced_value(match: re.Match[str], results: dict[str, dict[str, Any]]) -> str:
    body = results.get(match[1], {}).get("body")
    if not isinstance(body, dict) or match[2] not in body:
        message = f"Invalid reference specified. No value for {match[0]} found in {match[1]}"
        raise ApiError("PROCESSING_HALTED", message, None)
    return json.dumps(body[match[2]]).strip('"')

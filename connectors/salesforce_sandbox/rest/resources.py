"""`/services/data`, the resources of a version, and `/limits`."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.org import ORG

FIRST_VERSION, LAST_VERSION = 31, 67
"""The API versions of the org; those before are retired."""
_FIRST_YEAR = 14
_SEASONS = ("Summer", "Winter", "Spring")
_RESOURCES = ("composite", "limits", "query", "queryAll", "sobjects")
_OTHER_LIMITS = {
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 8_040,
    "DataStorageMB": 5,
    "FileStorageMB": 20,
    "HourlyAsyncReportRuns": 1_200,
    "MassEmail": 10,
    "SingleEmail": 15,
    "StreamingApiConcurrentClients": 20,
}


def routes(base: str) -> list[web.RouteDef]:
    """Returns the routes for what stands above the records; `base` is `/services/data/vNN.N`."""
    return [
        web.get("/services/data", list_versions),
        web.get("/services/data/", list_versions),
        web.get(base, list_resources),
        web.get(f"{base}/", list_resources),
        web.get(f"{base}/limits", show_limits),
        web.get(f"{base}/limits/", show_limits),
        web.get(f"{base}/sobjects", list_sobjects),
    ]


def check_version(path: str) -> None:
    """Raises ApiError for the path of an API version that the org does not have (404) or no longer has (410)."""
    version = path.removeprefix("/services/data/v").partition("/")[0]
    number, _, rest = version.partition(".")
    if rest != "0" or not number.isdigit() or int(number) > LAST_VERSION:
        raise ApiError("NOT_FOUND", "The requested resource does not exist", None, status=404)
    if int(number) < FIRST_VERSION:
        message = f"The API version {version} is retired"
        raise ApiError("UNSUPPORTED_API_VERSION", message, None, status=410)


async def list_versions(_: web.Request) -> web.Response:
    """GET `/services/data`: the API versions, oldest first; it needs no token."""
    return web.json_response([_describe_version(number) for number in range(FIRST_VERSION, LAST_VERSION + 1)])


async def list_resources(request: web.Request) -> web.Response:
    """GET of a version: what there is below it."""
    base = f"/services/data/v{request.match_info['version']}"
    return web.json_response({name: f"{base}/{name}" for name in _RESOURCES})


async def list_sobjects(request: web.Request) -> web.Response:
    """GET `sobjects`: the objects, without their fields."""
    objects = [sobject.describe() for sobject in request.app[ORG].visible_schema().values()]
    for each in objects:
        del each["fields"]
    return web.json_response({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects})


async def show_limits(request: web.Request) -> web.Response:
    """GET `limits`: what may be used, and what is left; this request is counted already."""
    org = request.app[ORG]
    limit = org.settings.daily_limit
    remaining = max(0, limit - org.request_meter.usage(org.store.now()))
    body: dict[str, Any] = {"DailyApiRequests": {"Max": limit, "Remaining": remaining}}
    body.update({name: {"Max": most, "Remaining": most} for name, most in _OTHER_LIMITS.items()})
    body["PermissionSets"] = {"Max": 1_500, "Remaining": 1_498, "CreateCustom": {"Max": 1_000, "Remaining": 998}}
    return web.json_response(dict(sorted(body.items())))


def _describe_version(number: int) -> dict[str, str]:
    releases = number - FIRST_VERSION
    label = f"{_SEASONS[releases % 3]} '{_FIRST_YEAR + (releases + 2) // 3}"
    return {"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"}

"""How the sandbox fails a request or a record as a fault orders."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.faults import Fault
from connectors.salesforce_sandbox.org import ORG
from connectors.salesforce_sandbox.rest import oauth

NO_RESPONSE_STATUS = 444
_MAINTENANCE = "<html><head><title>Service not available</title></head><body>Maintenance</body></html>"


class ConnectionDropped(Exception):
    """Raised to end a connection without an answer."""


class ServiceDown(Exception):
    """Raised to answer with a page of HTML."""


def fail_before(fault: Fault) -> None:
    """Fails a request before anything is done. Raises ApiError, ConnectionDropped, ServiceDown."""
    if fault.kind == "drop":
        raise ConnectionDropped
    if fault.kind == "html_503":
        raise ServiceDown
    if fault.kind == "invalid_session":
        raise oauth.invalid_session()
    if fault.kind == "daily_limit":
        raise daily_limit_reached()
    if fault.kind == "concurrent_limit":
        raise ApiError("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.", None, status=403)
    if fault.kind == "row_lock":
        message = "unable to obtain exclusive access to this record or 1 records"
        raise ApiError("UNABLE_TO_LOCK_ROW", message, status=500)
    if fault.kind == "request_error":
        raise ApiError(fault.code, fault.message, None, status=fault.status)


async def fail_after(fault: Fault, response: web.StreamResponse) -> web.StreamResponse:
    """Fails a request whose write is made, or returns its response. Raises ApiError, ConnectionDropped."""
    if fault.kind == "drop_after_commit":
        raise ConnectionDropped
    if fault.kind == "slow_after_commit":
        await asyncio.sleep(fault.seconds)
    if fault.kind == "error_after_commit":
        raise ApiError("UNKNOWN_EXCEPTION", fault.message, None, status=500)
    if fault.kind == "truncated" and isinstance(response, web.Response) and isinstance(response.body, bytes):
        half = response.body[: len(response.body) // 2]
        return web.Response(body=half, status=response.status, content_type="application/json")
    return response


def check_outage(request: web.Request) -> None:
    """Fails every request, a login too, as long as the org is out of service. Raises ServiceDown."""
    org = request.app[ORG]
    if org.outage_end is not None and org.store.now() < org.outage_end:
        raise ServiceDown


def check_daily_limit(request: web.Request) -> None:
    """Counts a data request, or refuses it when those of 24 hours are used up. Raises ApiError."""
    org = request.app[ORG]
    now = org.store.now()
    if org.request_meter.usage(now) >= org.settings.daily_limit:
        raise daily_limit_reached()
    org.request_meter.count(now)


def check_record_faults(request: web.Request, values: Collection[Any]) -> None:
    """Fails one record, which has these values, as a fault orders. Raises ApiError."""
    faults = request.app[ORG].faults
    if faults.trigger_for_record("lock_record", request.method, request.path, values) is not None:
        raise ApiError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
    fault = faults.trigger_for_record("record_error", request.method, request.path, values)
    if fault is not None:
        raise ApiError(fault.code, fault.message)


def maintenance_page() -> web.Response:
    """Returns the page of an org that is out of service."""
    return web.Response(text=_MAINTENANCE, status=503, content_type="text/html")


def drop_connection(request: web.Request) -> web.Response:
    """Ends the connection. The client never gets the response; its status is for the request log."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=NO_RESPONSE_STATUS)


def daily_limit_reached() -> ApiError:
    """Returns the error of an org whose requests of 24 hours are used up."""
    return ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", None, status=403)

"""`/__sandbox__/`: HTTP calls by which tests and the demo do what people, Apex and failures do in a real org.

| call | body |
|---|---|
| POST `convert` | `lead` (id) or `external_id`; `opportunity` (default true), `amount` |
| POST `win`, `lose`, `reopen` | `opportunity`, `amount` if it changes too |
| POST `opportunity` | `id` and the fields to change, for example `Amount` or `CampaignId` |
| POST `delete`, `undelete` | `type`, `id` |
| POST `campaign` | `id`, `name`: creates a campaign with this id |
| POST `clock` | `advance`: seconds, or `at`: the instant that the clock shows now |
| POST `hide` | `id`, `seconds` until queries see the row, `stamped_ago`: age of its stamp in seconds |
| POST `settings` | `page_size`, `duplicate_rule`, `refuse_login`, `expire_tokens` |
| GET, POST, DELETE `faults` | all faults; one fault (see `faults`); removes them all |
| GET `records/{type}` | every row, including deleted ones |
| GET `requests`, `counts`; POST `reset` | the request log; rows and logins; an empty org |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox import ids, writes
from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.conversion import convert_lead
from connectors.salesforce_sandbox.org import ORG, Org
from connectors.salesforce_sandbox.sobjects import read_body
from connectors.salesforce_sandbox.store import SandboxRow

BASE = "/__sandbox__"
EXTERNAL_ID_FIELD = "Leadstream_Id__c"
ControlAction = Callable[[Org, dict[str, Any]], Any]


def routes() -> list[web.RouteDef]:
    """Returns the routes of the control side."""
    actions: dict[str, ControlAction] = {
        "convert": _convert_lead,
        "win": _stage_action(writes.WON_STAGE),
        "lose": _stage_action(writes.LOST_STAGE),
        "reopen": _stage_action("Negotiation/Review"),
        "opportunity": _update_opportunity,
        "delete": _delete_record,
        "undelete": _undelete_record,
        "campaign": _create_campaign,
        "clock": _set_clock,
        "hide": lambda org, body: org.store.hide(
            ids.to_18(body["id"]), float(body["seconds"]), float(body.get("stamped_ago", 0))
        ),
        "settings": _apply_settings,
        "faults": lambda org, body: org.faults.add(body),
        "reset": lambda org, _: org.reset(),
    }
    views: dict[str, Callable[[Org], Any]] = {
        "faults": lambda org: org.faults.to_dicts(),
        "requests": lambda org: org.request_log,
        "counts": lambda org: {"objects": org.store.counts(), "logins": org.oauth_client.login_count},
    }
    return [
        *(web.post(f"{BASE}/{name}", _post_handler(action)) for name, action in actions.items()),
        *(web.get(f"{BASE}/{name}", _view_handler(view)) for name, view in views.items()),
        web.get(f"{BASE}/records/{{name}}", _list_records),
        web.delete(f"{BASE}/faults", _clear_faults),
    ]


def _post_handler(action: ControlAction) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        body = await read_body(request) if request.can_read_body else {}
        try:
            return web.json_response(action(request.app[ORG], body) or {})
        except (KeyError, ValueError, TypeError, StopIteration) as error:
            raise ApiError("INVALID_INPUT", f"{type(error).__name__}: {error}", None) from error

    return handle


def _view_handler(view: Callable[[Org], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        return web.json_response(view(request.app[ORG]))

    return handle


async def _list_records(request: web.Request) -> web.Response:
    org = request.app[ORG]
    sobject = writes.require_sobject(org, request.match_info["name"])
    return web.json_response(list(org.store.rows(sobject.name, include_deleted=True)))


async def _clear_faults(request: web.Request) -> web.Response:
    request.app[ORG].faults.clear()
    return web.json_response({})


def _convert_lead(org: Org, body: dict[str, Any]) -> dict[str, str | None]:
    if "external_id" in body:
        matches = org.store.find_by_external_id("Lead", EXTERNAL_ID_FIELD, body["external_id"])
        lead = matches[0] if matches else None
    else:
        lead = org.store.get("Lead", body["lead"])
    if lead is None:
        raise ValueError("no such lead")
    return convert_lead(org, lead, opportunity=body.get("opportunity", True), amount=body.get("amount"))


def _require_opportunity(org: Org, record_id: str) -> SandboxRow:
    row = org.store.get("Opportunity", record_id)
    if row is None:
        raise ValueError("no such opportunity")
    return row


def _stage_action(stage: str) -> ControlAction:
    def move(org: Org, body: dict[str, Any]) -> SandboxRow:
        changes: dict[str, Any] = {"StageName": stage}
        if "amount" in body:
            changes["Amount"] = body["amount"]
        return _update_opportunity(org, {"id": body["opportunity"], **changes})

    return move


def _update_opportunity(org: Org, body: dict[str, Any]) -> SandboxRow:
    changes = {name: value for name, value in body.items() if name != "id"}
    writes.update(org, org.schema["Opportunity"], body["id"], changes)
    return _require_opportunity(org, body["id"])


def _delete_record(org: Org, body: dict[str, Any]) -> dict[str, Any]:
    return writes.delete(org, writes.require_sobject(org, body["type"]), body["id"]).to_dict()


def _undelete_record(org: Org, body: dict[str, Any]) -> dict[str, Any]:
    return writes.undelete(org, writes.require_sobject(org, body["type"]), body["id"]).to_dict()


def _create_campaign(org: Org, body: dict[str, Any]) -> SandboxRow:
    if org.store.get("Campaign", body["id"]) is not None:
        raise ValueError("there is such a campaign already")
    return org.store.insert(org.schema["Campaign"], {"Name": body["name"], "IsActive": True}, body["id"])


def _set_clock(org: Org, body: dict[str, Any]) -> None:
    if "at" in body:
        org.store.set_clock(datetime.fromisoformat(body["at"]))
    else:
        org.store.advance_clock(float(body["advance"]))


def _apply_settings(org: Org, body: dict[str, Any]) -> None:
    names = {"page_size", "duplicate_rule", "refuse_login", "expire_tokens"}
    if unknown := set(body) - names:
        raise ValueError(f"unknown setting {sorted(unknown)[0]!r}: one of {', '.join(sorted(names))}")
    if "page_size" in body:
        org.page_size = max(1, int(body["page_size"]))
    if "duplicate_rule" in body:
        org.duplicate_rule = bool(body["duplicate_rule"])
    if "refuse_login" in body:
        org.oauth_client.is_refused = bool(body["refuse_login"])
    if body.get("expire_tokens"):
        org.oauth_client.tokens.clear()

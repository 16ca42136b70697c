"""`/__sandbox__/`: HTTP calls by which tests and the demo do what people, Apex and failures do in a real org.

| call | body |
|---|---|
| POST `convert` | `lead` (id) or `external_id`; `opportunity` (default true), `amount`; to use existing records: |
| | `account_id`, `contact_id`, `opportunity_id` |
| POST `merge` | `type`, `master`, `losers` (ids), `fields` that the master gets |
| POST `win`, `lose`, `reopen` | `opportunity`, `amount` if it changes too |
| POST `opportunity` | `id` and the fields to change, for example `Amount` or `CampaignId` |
| POST `opportunities` | `count`, `fields`: makes many, which belong to nobody unless `fields` say so |
| POST `record` | `type` and fields: creates a record, by `Id` if given; answers with the row |
| POST `edit` | `type`, `id` and the fields to change, as a person does in the user interface |
| POST `delete`, `undelete`, `purge` | `type`, `id` |
| POST `campaign` | `id`, `name`: creates a campaign with this id |
| POST `member_status` | `campaign`, `label`, `default`, `responded`: a further member status |
| POST `contact_role` | `opportunity`, `contact`, `primary`, `role` |
| POST `field` | `sobject`, `name` and the parts of a field (`type`, `length`, ...); `remove`: takes it away |
| POST `object` | `sobject`, `visible`: whether the integration user has access to it |
| POST `duplicate_rule` | `sobject`, `match`, `fields`, `action`: `report`, `alert` or `block` |
| POST `validation_rule` | `sobject`, `when` (a condition of SOQL), `message`, `field` |
| POST `assignment_rule` | `name`, `owner`, `active` |
| POST `restrict` | `id`, `access`: `none` (cannot be seen), `read` or `edit` |
| POST `clock` | `advance`: seconds, or `at`: the instant that the clock shows now |
| POST `currencies` | `corporate`: the org's own, `rates`: of the others, for example `{"USD": 1.1}` |
| POST `outage` | `seconds` by the org's clock in which every request fails |
| POST `certificate` | `public_key` (PEM of a key or a certificate), `username`, `approved`, `test_org`: JWT logins |
| POST `hide` | `id`, `seconds` until queries see the row, `stamped_ago`: age of its stamp in seconds |
| POST `settings` | the settings of `OrgSettings`, `duplicate_rule`, `refuse_login`, `expire_tokens` |
| GET, POST, DELETE `faults` | all faults; one fault (see `faults`); removes them all |
| GET `records/{type}` | every row, including deleted ones |
| GET `assignments` | the leads that were given an owner by a rule |
| GET `requests`, `counts`; POST `reset` | the request log; rows and logins; an empty org |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.control import administration, people
from connectors.salesforce_sandbox.control.actions import ControlAction
from connectors.salesforce_sandbox.org import ORG, Org
from connectors.salesforce_sandbox.records import writes
from connectors.salesforce_sandbox.rest.sobjects import read_body

BASE = "/__sandbox__"


def routes() -> list[web.RouteDef]:
    """Returns the routes of the control side."""
    actions: dict[str, ControlAction] = {
        **people.ACTIONS,
        **administration.ACTIONS,
        "faults": lambda org, body: org.faults.add(body),
        "reset": lambda org, _: org.reset(),
    }
    views: dict[str, Callable[[Org], Any]] = {
        "assignments": lambda org: org.assignment_rules.log,
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
    return web.json_response(list(org.store.all_rows(sobject.name)))


async def _clear_faults(request: web.Request) -> web.Response:
    request.app[ORG].faults.clear()
    return web.json_response({})

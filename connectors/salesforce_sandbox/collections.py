"""REST of collections: up to 200 records in one request, each with its own result, HTTP 200 even if all fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox import writes
from connectors.salesforce_sandbox.api_errors import Problem
from connectors.salesforce_sandbox.org import ORG, Org
from connectors.salesforce_sandbox.sobjects import allows_duplicates, body_of

MOST_RECORDS = 200
Record = dict[str, Any]
Result = dict[str, Any]


def routes(base: str) -> list[web.RouteDef]:
    """The routes of this part below `/services/data/vNN.N`."""
    return [
        web.patch(f"{base}/composite/sobjects/{{name}}/{{field}}", upsert),
        web.patch(f"{base}/composite/sobjects", update),
        web.post(f"{base}/composite/sobjects", create),
        web.delete(f"{base}/composite/sobjects", delete),
    ]


async def upsert(request: web.Request) -> web.Response:
    """PATCH with an external id field: every record carries its key in the body."""
    org, name, field = request.app[ORG], request.match_info["name"], request.match_info["field"]
    sobject = writes.sobject_of(org, name)
    writes.check_external_id(sobject, field)
    body = await body_of(request)
    records = _records(body)
    often = Counter(str(record.get(field)).casefold() for record in records)
    allow = allows_duplicates(request)

    def one(record: Record) -> Result:
        _check_type(record, name)
        key = record.get(field)
        if not isinstance(key, str) or not key:
            raise Problem("MISSING_ARGUMENT", f"{field} not specified")
        if often[key.casefold()] > 1:
            raise Problem("DUPLICATE_VALUE", f"Duplicate external id specified: {key}")
        _strike_lock(request, key)
        values = {each: value for each, value in record.items() if each != field}
        raced = not org.store.matches(name, field, key) and org.faults.strike_record(
            "race", request.method, request.path, key
        )
        try:
            written = writes.upsert(org, sobject, field, key, values, allow_duplicate=allow)
        except writes.SeveralMatches as several:
            found = ", ".join(row["Id"] for row in several.rows)
            raise Problem(
                "DUPLICATE_EXTERNAL_ID", f"{field}: more than one record found for external id field: [{found}]"
            ) from several
        if raced:
            raise Problem(
                "DUPLICATE_VALUE",
                f"duplicate value found: {field} duplicates value on record with id: {written.id}",
            )
        return written.result()

    return _answer(org, records, one, all_or_none=_all_or_none(body), upserting=True)


async def create(request: web.Request) -> web.Response:
    """POST: makes the records, which may be of several objects."""
    org = request.app[ORG]
    body = await body_of(request)
    allow = allows_duplicates(request)

    def one(record: Record) -> Result:
        name = _type_of(record)
        written = writes.create(org, writes.sobject_of(org, name), record, allow_duplicate=allow)
        return {"id": written.id, "success": True, "errors": []}

    return _answer(org, _records(body), one, all_or_none=_all_or_none(body))


async def update(request: web.Request) -> web.Response:
    """PATCH without a field: changes records by `id`."""
    org = request.app[ORG]
    body = await body_of(request)

    def one(record: Record) -> Result:
        sobject = writes.sobject_of(org, _type_of(record))
        record_id = record.get("id") or record.get("Id")
        if not isinstance(record_id, str):
            raise Problem("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
        _strike_lock(request, record_id)
        written = writes.update(org, sobject, record_id, record)
        return {"id": written.id, "success": True, "errors": []}

    return _answer(org, _records(body), one, all_or_none=_all_or_none(body))


async def delete(request: web.Request) -> web.Response:
    """DELETE with `ids`: puts records into the recycle bin."""
    org = request.app[ORG]
    named = [each for each in request.query.get("ids", "").split(",") if each]
    _check_size(named)

    def one(record: Record) -> Result:
        found = [each for each in org.schema.values() if record["id"].startswith(each.prefix)]
        if not found:
            raise Problem("MALFORMED_ID", f"malformed id {record['id']}")
        written = writes.delete(org, found[0], record["id"])
        return {"id": written.id, "success": True, "errors": []}

    all_or_none = request.query.get("allOrNone", "false").lower() == "true"
    return _answer(org, [{"id": each} for each in named], one, all_or_none=all_or_none)


def _answer(
    org: Org,
    records: list[Record],
    one: Callable[[Record], Result],
    *,
    all_or_none: bool,
    upserting: bool = False,
) -> web.Response:
    saved = org.store.savepoint() if all_or_none else None
    results = [_result(record, one, upserting=upserting) for record in records]
    if saved is not None and not all(result["success"] for result in results):
        org.store.roll_back(saved)
        results = [_rolled_back(result) for result in results]
    return web.json_response(results)


def _result(record: Record, one: Callable[[Record], Result], *, upserting: bool) -> Result:
    try:
        return one(record)
    except Problem as problem:
        result = problem.of_record()
        if upserting:
            result["created"] = False
        return result


def _rolled_back(result: Result) -> Result:
    if not result["success"]:
        return result
    return Problem(
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Record rolled back because not all records were valid and the request was using AllOrNone header",
    ).of_record()


def _records(body: dict[str, Any]) -> list[Record]:
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise Problem("JSON_PARSER_ERROR", "records has to be a list of objects", None)
    _check_size(records)
    for record in records:
        _check_readable(record)
    return records


def _check_readable(record: Record) -> None:
    """An object where a text belongs makes the whole request unreadable, not only its record."""
    for name, value in record.items():
        if name != "attributes" and isinstance(value, dict | list):
            start = "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
            raise Problem("JSON_PARSER_ERROR", f"Cannot deserialize instance of string from {start} value", None)


def _check_size(records: list[Any]) -> None:
    if len(records) > MOST_RECORDS:
        raise Problem(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MOST_RECORDS} records into this call",
            None,
        )


def _all_or_none(body: dict[str, Any]) -> bool:
    return body.get("allOrNone") is True


def _type_of(record: Record) -> str:
    attributes = record.get("attributes")
    if not isinstance(attributes, dict) or not isinstance(attributes.get("type"), str):
        raise Problem("INVALID_INPUT", "Include an entity type in the attributes of the record")
    return str(attributes["type"])


def _check_type(record: Record, name: str) -> None:
    if _type_of(record) != name:
        raise Problem("INVALID_INPUT", f"All records have to be of type {name}")


def _strike_lock(request: web.Request, key: str) -> None:
    if request.app[ORG].faults.strike_record("lock_record", request.method, request.path, key):
        raise Problem("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")

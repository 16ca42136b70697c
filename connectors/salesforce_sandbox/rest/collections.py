"""REST calls for collections: up to 200 records a request, a result for each; HTTP 200 even if all fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import web

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.failures import check_record_faults
from connectors.salesforce_sandbox.org import ORG, Org
from connectors.salesforce_sandbox.records import rules, writes
from connectors.salesforce_sandbox.rest.sobjects import read_body, save_options

MAX_RECORDS = 200
RequestRecord = dict[str, Any]
RecordResult = dict[str, Any]


def routes(base: str) -> list[web.RouteDef]:
    """Returns the routes for collections below `base`, which is `/services/data/vNN.N`."""
    return [
        web.patch(f"{base}/composite/sobjects/{{name}}/{{field}}", upsert),
        web.patch(f"{base}/composite/sobjects", update),
        web.post(f"{base}/composite/sobjects", create),
        web.delete(f"{base}/composite/sobjects", delete),
    ]


async def upsert(request: web.Request) -> web.Response:
    """PATCH with an external id field: every record has its key in the body."""
    org, name, field = request.app[ORG], request.match_info["name"], request.match_info["field"]
    sobject = writes.require_sobject(org, name)
    field = writes.check_key_field(sobject, field)
    body = await read_body(request)
    records = _parse_records(org, body)
    key_counts = Counter(str(record.get(field)).casefold() for record in records)
    options = save_options(request)

    def one(record: RequestRecord) -> RecordResult:
        _check_type(record, name)
        key = record.get(field)
        if not isinstance(key, str) or not key:
            raise ApiError("MISSING_ARGUMENT", f"{field} not specified")
        if key_counts[key.casefold()] > 1:
            raise ApiError("DUPLICATE_VALUE", f"Duplicate external id specified: {key}")
        check_record_faults(request, list(record.values()))
        values = {each: value for each, value in record.items() if each != field}
        race = not writes.find_by_key(org, sobject, field, key) and org.faults.trigger_for_record(
            "race", request.method, request.path, [key]
        )
        try:
            result = writes.upsert(org, sobject, field, key, values, options=options)
        except writes.MultipleMatches as several:
            matches = ", ".join(row["Id"] for row in several.rows)
            raise ApiError(
                "DUPLICATE_EXTERNAL_ID", f"{field}: more than one record found for external id field: [{matches}]"
            ) from several
        if race:
            raise ApiError(
                "DUPLICATE_VALUE",
                f"duplicate value found: {field} duplicates value on record with id: {result.id}",
            )
        return result.to_dict()

    return _respond(org, records, one, all_or_none=_all_or_none(body), is_upsert=True)


async def create(request: web.Request) -> web.Response:
    """POST: creates the records, which may be of several objects."""
    org = request.app[ORG]
    body = await read_body(request)
    options = save_options(request)

    def one(record: RequestRecord) -> RecordResult:
        name = _type_of(record)
        check_record_faults(request, list(record.values()))
        result = writes.create(org, writes.require_sobject(org, name), record, options)
        return {"id": result.id, "success": True, "errors": []}

    return _respond(org, _parse_records(org, body), one, all_or_none=_all_or_none(body))


async def update(request: web.Request) -> web.Response:
    """PATCH without a field: changes records by `id`."""
    org = request.app[ORG]
    body = await read_body(request)
    options = save_options(request)

    def one(record: RequestRecord) -> RecordResult:
        sobject = writes.require_sobject(org, _type_of(record))
        record_id = record.get("id") or record.get("Id")
        if not isinstance(record_id, str):
            raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
        check_record_faults(request, list(record.values()))
        result = writes.update(org, sobject, record_id, record, options)
        return {"id": result.id, "success": True, "errors": []}

    return _respond(org, _parse_records(org, body), one, all_or_none=_all_or_none(body))


async def delete(request: web.Request) -> web.Response:
    """DELETE with `ids`: puts records into the recycle bin."""
    org = request.app[ORG]
    record_ids = [each for each in request.query.get("ids", "").split(",") if each]
    _check_size(record_ids)

    def one(record: RequestRecord) -> RecordResult:
        sobjects = [each for each in org.schema.values() if record["id"].startswith(each.prefix)]
        if not sobjects:
            raise ApiError("MALFORMED_ID", f"malformed id {record['id']}")
        result = writes.delete(org, sobjects[0], record["id"])
        return {"id": result.id, "success": True, "errors": []}

    all_or_none = request.query.get("allOrNone", "false").lower() == "true"
    return _respond(org, [{"id": each} for each in record_ids], one, all_or_none=all_or_none)


def _respond(
    org: Org,
    records: list[RequestRecord],
    operation: Callable[[RequestRecord], RecordResult],
    *,
    all_or_none: bool,
    is_upsert: bool = False,
) -> web.Response:
    if all_or_none:
        org.store.start_transaction()
    results = [_record_result(record, operation, is_upsert=is_upsert) for record in records]
    if all_or_none and not all(result["success"] for result in results):
        org.store.roll_back()
        results = [_rollback_result(result) for result in results]
    org.store.commit()
    return web.json_response(results)


def _record_result(
    record: RequestRecord, operation: Callable[[RequestRecord], RecordResult], *, is_upsert: bool
) -> RecordResult:
    try:
        return operation(record)
    except ApiError as problem:
        result = problem.to_record_result()
        if is_upsert:
            result["created"] = False
        return result


def _rollback_result(result: RecordResult) -> RecordResult:
    if not result["success"]:
        return result
    return ApiError(
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Record rolled back because not all records were valid and the request was using AllOrNone header",
    ).to_record_result()


def _parse_records(org: Org, body: dict[str, Any]) -> list[RequestRecord]:
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise ApiError("JSON_PARSER_ERROR", "records has to be a list of objects", None)
    _check_size(records)
    for record in records:
        _check_readable(org, record)
    return records


def _check_readable(org: Org, record: RequestRecord) -> None:
    """Refuses the whole request, not only the record, when a field holds an object or a list."""
    sobject = org.find_sobject(str((record.get("attributes") or {}).get("type")))
    for name, value in record.items():
        is_relationship = sobject is not None and rules.find_reference(sobject, name) is not None
        if name == "attributes" or (is_relationship and isinstance(value, dict)):
            continue
        if isinstance(value, dict | list):
            start = "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
            raise ApiError("JSON_PARSER_ERROR", f"Cannot deserialize instance of string from {start} value", None)


def _check_size(records: list[Any]) -> None:
    if len(records) > MAX_RECORDS:
        raise ApiError(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MAX_RECORDS} records into this call",
            None,
        )


def _all_or_none(body: dict[str, Any]) -> bool:
    return body.get("allOrNone") is True


def _type_of(record: RequestRecord) -> str:
    attributes = record.get("attributes")
    if not isinstance(attributes, dict) or not isinstance(attributes.get("type"), str):
        raise ApiError(
            "JSON_PARSER_ERROR",
            "Nested object for polymorphic foreign key must have an attributes field before any other fields.",
        )
    return str(attributes["type"])


def _check_type(record: RequestRecord, name: str) -> None:
    if _type_of(record) != name:
        raise ApiError("INVALID_INPUT", f"All records have to be of type {name}")

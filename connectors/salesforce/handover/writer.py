"""Writes many records in collections of 200; halves a request that Salesforce cannot read until it can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.salesforce.org.client import MAX_RECORDS, OrgClient, SalesforceRow
from connectors.salesforce.org.errors import CrmError, RequestRefused, error_from_record

WriteResult = str | CrmError
"""The id of the record, or why it was not written."""


class CollectionWriter:
    """Creates, upserts and updates records; every method returns one result for each record, in their order."""

    def __init__(self, org: OrgClient) -> None:
        self._org = org

    def upsert_leads(self, records: Sequence[SalesforceRow]) -> list[WriteResult]:
        """Creates Leads by external id, or changes them where another request was faster."""
        field = self._org.connection.external_id_field
        return self._write("PATCH", f"composite/sobjects/Lead/{field}", _with_type("Lead", records))

    def update(self, sobject: str, records: Sequence[SalesforceRow]) -> list[WriteResult]:
        """Changes records by `id`; never creates one."""
        return self._write("PATCH", "composite/sobjects", _with_type(sobject, records))

    def create(self, sobject: str, records: Sequence[SalesforceRow]) -> list[WriteResult]:
        """Creates records."""
        return self._write("POST", "composite/sobjects", _with_type(sobject, records))

    def _write(self, method: str, path: str, records: list[SalesforceRow]) -> list[WriteResult]:
        results: list[WriteResult] = []
        for start in range(0, len(records), MAX_RECORDS):
            results.extend(self._write_batch(method, path, records[start : start + MAX_RECORDS]))
        return results

    def _write_batch(self, method: str, path: str, records: list[SalesforceRow]) -> list[WriteResult]:
        try:
            results = self._org.write_collection(method, path, records)
        except RequestRefused as refused:
            if len(records) == 1:
                return [refused.error]
            middle = len(records) // 2
            return [
                *self._write_batch(method, path, records[:middle]),
                *self._write_batch(method, path, records[middle:]),
            ]
        return [_parse_result(result) for result in results]


def _with_type(sobject: str, records: Sequence[SalesforceRow]) -> list[SalesforceRow]:
    return [{"attributes": {"type": sobject}, **record} for record in records]


def _parse_result(result: dict[str, Any]) -> WriteResult:
    return str(result["id"]) if result.get("success") else error_from_record(result)

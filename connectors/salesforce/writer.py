"""Writing many records in collections: 200 at a time, a request that cannot be read halved until it can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.salesforce.client import MOST_RECORDS, OrgClient, Row
from connectors.salesforce.errors import CrmError, RequestRefused, of_record

Written = str | CrmError
"""The id of a record that was written, or why it was not."""


class Writer:
    """Creates, upserts and updates; every method gives one result per record, in their order."""

    def __init__(self, org: OrgClient) -> None:
        self._org = org

    def upsert_leads(self, records: Sequence[Row]) -> list[Written]:
        """Makes Leads by external id, or changes them where another request was faster."""
        field = self._org.connection.external_id
        return self._write("PATCH", f"composite/sobjects/Lead/{field}", _typed("Lead", records))

    def update(self, sobject: str, records: Sequence[Row]) -> list[Written]:
        """Changes records by `id`; never makes one."""
        return self._write("PATCH", "composite/sobjects", _typed(sobject, records))

    def create(self, sobject: str, records: Sequence[Row]) -> list[Written]:
        """Makes records."""
        return self._write("POST", "composite/sobjects", _typed(sobject, records))

    def _write(self, method: str, path: str, records: list[Row]) -> list[Written]:
        results: list[Written] = []
        for start in range(0, len(records), MOST_RECORDS):
            results.extend(self._portion(method, path, records[start : start + MOST_RECORDS]))
        return results

    def _portion(self, method: str, path: str, records: list[Row]) -> list[Written]:
        try:
            answers = self._org.collection(method, path, records)
        except RequestRefused as refused:
            if len(records) == 1:
                return [refused.error]
            middle = len(records) // 2
            return [
                *self._portion(method, path, records[:middle]),
                *self._portion(method, path, records[middle:]),
            ]
        return [_written(answer) for answer in answers]


def _typed(sobject: str, records: Sequence[Row]) -> list[Row]:
    return [{"attributes": {"type": sobject}, **record} for record in records]


def _written(answer: dict[str, Any]) -> Written:
    return str(answer["id"]) if answer.get("success") else of_record(answer)

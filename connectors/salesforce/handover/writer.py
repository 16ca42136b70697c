"""Writes many records in collections of at most 200 and 1 MB; finds the one record that fails a whole request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from simple_salesforce.exceptions import SalesforceError

from connectors.salesforce.org.client import MAX_RECORDS, OrgClient, SalesforceRow
from connectors.salesforce.org.errors import (
    CrmError,
    RequestRefused,
    TransientFailure,
    error_from_body,
    error_from_record,
)
from streams.errors import SalesforceRefused

WriteResult = str | CrmError
"""The id of the record, or why it was not written."""
AssignmentRule = bool | str
"""Whether assignment rules run: the active rule, none, or the rule of an id."""

MAX_BYTES = 1_000_000
"""Of the records in one request; Salesforce takes 6 MB."""
_MAX_FAILURES = 12
"""Requests that may fail in a search for one bad record, before any succeeds: then it is the org."""
_OF_A_MAPPING = frozenset({"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"})
_OF_A_RECORD = frozenset({"UNABLE_TO_LOCK_ROW", "UNKNOWN_EXCEPTION", "REQUEST_RUNNING_TOO_LONG"})


class CollectionWriter:
    """Creates, upserts and updates records; every method returns one result for each record, in their order.

    A request that Salesforce cannot read is halved until the faulty record is alone, and one that is too much for the
    org's triggers until it is not. With `isolates` one that fails for a row lock or an unknown exception is, too.
    """

    def __init__(self, org: OrgClient) -> None:
        self._org = org
        self.isolates = False
        self._failures = 0
        self._successes = 0
        self._last_failure: TransientFailure | None = None
        """An exception that one record may cause, or the whole org: that no request succeeds tells them apart."""
        self._excesses = 0
        """Requests of which every record was too much for the org's triggers, before any was not."""

    def upsert_leads(self, records: Sequence[SalesforceRow], assignment: AssignmentRule = False) -> list[WriteResult]:
        """Creates Leads by external id, or changes them where another request was faster."""
        field = self._org.connection.external_id_field
        text = str(assignment) if isinstance(assignment, str) else str(assignment).upper()
        path = f"composite/sobjects/Lead/{field}"
        return self._write("PATCH", path, with_type("Lead", records), {"Sforce-Auto-Assign": text})

    def update(self, records: Sequence[SalesforceRow]) -> list[WriteResult]:
        """Changes records by `id`, each with its type in `attributes`; never creates one."""
        return self._write("PATCH", "composite/sobjects", records)

    def create(self, sobject: str, records: Sequence[SalesforceRow]) -> list[WriteResult]:
        """Creates records."""
        return self._write("POST", "composite/sobjects", with_type(sobject, records))

    def _write(
        self, method: str, path: str, records: Sequence[SalesforceRow], headers: dict[str, str] | None = None
    ) -> list[WriteResult]:
        self._failures = self._successes = self._excesses = 0
        self._last_failure = None
        results: list[WriteResult] = []
        for batch in _batches(records):
            results.extend(self._write_batch(method, path, batch, headers))
        if self._last_failure is not None and not self._successes:
            raise self._last_failure
        return results

    def _write_batch(
        self, method: str, path: str, records: Sequence[SalesforceRow], headers: dict[str, str] | None
    ) -> list[WriteResult]:
        try:
            results = self._org.write_collection(method, path, records, headers)
        except (RequestRefused, SalesforceRefused, TransientFailure) as failure:
            error = self._error_of_records(failure)
            if error is None:
                raise
            if len(records) == 1:
                return [error]
        else:
            self._successes += 1
            return self._without_excess(method, path, records, headers, [_parse_result(each) for each in results])
        middle = len(records) // 2
        return [
            *self._write_batch(method, path, records[:middle], headers),
            *self._write_batch(method, path, records[middle:], headers),
        ]

    def _without_excess(
        self,
        method: str,
        path: str,
        records: Sequence[SalesforceRow],
        headers: dict[str, str] | None,
        results: list[WriteResult],
    ) -> list[WriteResult]:
        """Repeats what together was too much for the org's triggers in smaller requests; the others stay."""
        refused = [at for at, each in enumerate(results) if isinstance(each, CrmError) and each.is_of_transaction]
        if len(refused) < len(records):
            self._excesses = 0
        elif self._excesses < _MAX_FAILURES:
            self._excesses += 1
        else:
            return results
        if not refused or len(records) == 1:
            return results
        again = [records[at] for at in refused]
        middle = len(again) // 2 if len(again) == len(records) else len(again)
        for part, places in ((again[:middle], refused[:middle]), (again[middle:], refused[middle:])):
            if part:
                for at, result in zip(places, self._write_batch(method, path, part, headers), strict=True):
                    results[at] = result
        return results

    def _error_of_records(self, failure: Exception) -> CrmError | None:
        """The error, where some of the records may be its cause; None where it is the org's."""
        if isinstance(failure, RequestRefused):
            return failure.error
        error = cause_of(failure)
        if error is None:
            return None
        if isinstance(failure, SalesforceRefused):
            return error if error.code in _OF_A_MAPPING else None
        self._failures += 1
        if error.code != "UNABLE_TO_LOCK_ROW" and isinstance(failure, TransientFailure):
            self._last_failure = failure
        is_searched = self.isolates and (self._successes > 0 or self._failures < _MAX_FAILURES)
        return error if is_searched and error.code in _OF_A_RECORD else None


def cause_of(failure: Exception) -> CrmError | None:
    """Returns the error in the answer that a failure comes from; None where there was no answer."""
    cause = failure.__cause__
    return error_from_body(cause.status, cause.content) if isinstance(cause, SalesforceError) else None


def with_type(sobject: str, records: Sequence[SalesforceRow]) -> list[SalesforceRow]:
    """Returns the records with the name of their object, as collections want it."""
    return [{"attributes": {"type": sobject}, **record} for record in records]


def _batches(records: Sequence[SalesforceRow]) -> Iterator[list[SalesforceRow]]:
    batch: list[SalesforceRow] = []
    size = 0
    for record in records:
        length = len(json.dumps(record)) + 2
        if batch and (len(batch) == MAX_RECORDS or size + length > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += length
    if batch:
        yield batch


def _parse_result(result: SalesforceRow) -> WriteResult:
    return str(result["id"]) if result.get("success") else error_from_record(result)

"""The org as the connector uses it: simple-salesforce for addresses and calls, our own policy around every call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote_plus

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession
from simple_salesforce.format import quote_soql_value

from connectors.salesforce.auth import AccessToken, TokenProvider
from connectors.salesforce.connection import Connection
from connectors.salesforce.errors import (
    CircuitOpen,
    ErrorCategory,
    RequestRefused,
    TransientFailure,
    classify_error,
    error_from_body,
)
from connectors.salesforce.transport import create_session
from streams.errors import SalesforceRefused

SalesforceRow = dict[str, Any]
CallResult = TypeVar("CallResult")
MAX_RECORDS = 200
# An address may have some 16,000 characters; the stand-in org's server takes half of that.
MAX_QUERY_CHARACTERS = 5_000
WRITE_HEADERS = {
    # Without it every update runs the assignment rules again and may give the lead to somebody else.
    "Sforce-Auto-Assign": "FALSE",
    # Who is the same person is decided by the external id, not by the org's likeness rules.
    "Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=false; runAsCurrentUser=true",
}


class OrgClient:
    """Blocking calls, safe to use from several threads: each thread has its own session and client.

    Every method raises Transient (worth repeating), CircuitOpen (not now), SalesforceRefused (login or set-up) and
    RequestRefused (this request is malformed).
    """

    def __init__(self, connection: Connection, tokens: TokenProvider | None = None) -> None:
        self.connection = connection
        self._tokens = tokens or TokenProvider(connection)
        self._local = threading.local()

    def check(self) -> None:
        """Logs in and asks for the limits: whether the org can be used at all."""
        self._call(lambda org: org.limits())

    def query_all(self, soql: str) -> list[SalesforceRow]:
        """Every row of a query, those in the recycle bin too; amounts are Decimal."""
        return self._call(lambda org: list(org.query_all_iter(soql, include_deleted=True)))

    def query_in_batches(self, soql: str, values: Sequence[str]) -> list[SalesforceRow]:
        """The rows of `soql`, whose `{}` stands for a list of values, asked in portions an address can hold."""
        rows: list[SalesforceRow] = []
        for portion in _batches(values):
            listed = ",".join(quote_soql_value(value) for value in portion)
            rows.extend(self.query_all(soql.replace("{}", f"({listed})")))
        return rows

    def describe(self, sobject: str) -> dict[str, Any]:
        """The schema of an object."""
        result = self._call(lambda org: org.restful(f"sobjects/{sobject}/describe"))
        return dict(result or {})

    def write_collection(self, method: str, path: str, records: Sequence[Mapping[str, Any]]) -> list[SalesforceRow]:
        """Writes up to 200 records; one result each, in their order."""
        if len(records) > MAX_RECORDS:
            raise ValueError(f"{len(records)} records in one collection, Salesforce takes {MAX_RECORDS}")
        body = {"allOrNone": False, "records": list(records)}
        results = self._call(lambda org: org.restful(path, method=method, json=body, headers=WRITE_HEADERS))
        if not isinstance(results, list) or len(results) != len(records):
            raise TransientFailure("Salesforce answers a collection with another number of results")
        return results

    def server_time(self) -> datetime:
        """The org's own time, from the `Date` of the last answer that this thread got."""
        return getattr(self._local, "date", None) or datetime.now(UTC)

    def _call(self, operation: Callable[[Salesforce], CallResult]) -> CallResult:
        token = self._tokens.current()
        try:
            return self._call_once(token, operation)
        except SalesforceExpiredSession:
            self._tokens.mark_refused(token)
        token = self._tokens.current()
        try:
            return self._call_once(token, operation)
        except SalesforceExpiredSession as error:
            self._tokens.mark_refused(token)
            raise TransientFailure("Salesforce refuses the session") from error

    def _call_once(self, token: AccessToken, operation: Callable[[Salesforce], CallResult]) -> CallResult:
        try:
            result = operation(self._client(token))
        except SalesforceExpiredSession:
            raise
        except SalesforceError as error:
            raise self._to_exception(error) from error
        except requests.RequestException as error:
            # Also an answer that cannot be read: what was asked may have been done.
            raise TransientFailure(
                f"Salesforce ({self.connection.display_name}) does not answer: {type(error).__name__}"
            ) from error
        self._tokens.mark_accepted(token)
        return result

    def _client(self, token: AccessToken) -> Salesforce:
        if getattr(self._local, "token", None) is not token:
            self._local.client = Salesforce(
                session_id=token.value,
                instance_url=token.instance_url,
                version=self.connection.version,
                session=create_session(self.connection, self._store_server_time),
                parse_float=Decimal,
                object_pairs_hook=dict,
            )
            self._local.token = token
        client: Salesforce = self._local.client
        return client

    def _store_server_time(self, response: requests.Response) -> None:
        if told := response.headers.get("Date"):
            self._local.date = parsedate_to_datetime(told)

    def _to_exception(self, error: SalesforceError) -> Exception:
        found = error_from_body(error.status, error.content)
        decided = classify_error(found, self.connection.external_id_field)
        if decided is ErrorCategory.RETRY or (error.status >= 500 and found.code.startswith("HTTP_")):
            return TransientFailure(f"Salesforce ({self.connection.display_name}) cannot now: {found}")
        if decided is ErrorCategory.PAUSE:
            return CircuitOpen(f"Salesforce ({self.connection.display_name}) refuses everything for now: {found}")
        if decided is ErrorCategory.SETUP:
            return SalesforceRefused(
                f"Salesforce ({self.connection.display_name}) is not set up for Leadstream: {found.code}: "
                f"{found.message}; see the documentation of the fields it needs"
            )
        return RequestRefused(found)


def _batches(values: Sequence[str]) -> Iterator[list[str]]:
    portion: list[str] = []
    length = 0
    for value in values:
        size = len(quote_plus(quote_soql_value(value))) + 3
        if portion and length + size > MAX_QUERY_CHARACTERS:
            yield portion
            portion, length = [], 0
        portion.append(value)
        length += size
    if portion:
        yield portion

"""The REST calls of the connector: simple-salesforce makes them, with our own sessions, logins and errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote_plus

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceExpiredSession
from simple_salesforce.format import quote_soql_value

from connectors.salesforce.org.auth import AccessToken, TokenProvider
from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.errors import (
    CircuitOpen,
    CrmError,
    ErrorCategory,
    RequestRefused,
    SetupRefused,
    TransientFailure,
    classify_error,
    error_from_body,
)
from connectors.salesforce.org.transport import create_session
from connectors.salesforce.org.usage import ApiUsage

SalesforceRow = dict[str, Any]
CallResult = TypeVar("CallResult")
MAX_RECORDS = 200
# An address may have 16,384 characters; host, path and the rest of the request line need some of them.
MAX_QUERY_CHARACTERS = 15_000
_LEAST_VALUES = 1_000
_OK = 200
_COMPOSITE_VERSION = 38.0
"""The first version of the API that takes several requests in one."""
_STATUSES_OF_A_SIZE = (400, 413, 414, 431)
WRITE_HEADERS = {
    # Without it every update runs the assignment rules again and may give the lead to another person.
    "Sforce-Auto-Assign": "FALSE",
    # The external id decides who is the same person, not the org's duplicate rules.
    "Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=false; runAsCurrentUser=true",
}


class OrgClient:
    """Makes blocking calls, from any thread: each thread has its own session and client.

    Every method raises TransientFailure (a retry may help), CircuitOpen (no call will succeed for a while),
    SalesforceRefused (login or set-up) and RequestRefused (this request is malformed).
    """

    def __init__(
        self, connection: Connection, tokens: TokenProvider | None = None, usage: ApiUsage | None = None
    ) -> None:
        self.connection = connection
        self.usage = usage or ApiUsage()
        self._tokens = tokens or TokenProvider(connection)
        self._local = threading.local()

    def check(self) -> None:
        """Logs in and reads the limits, to see whether the org can be used at all and how much of a day is left."""
        limits = self._call(lambda org: org.limits())
        daily = limits.get("DailyApiRequests") if isinstance(limits, dict) else None
        if isinstance(daily, dict) and {"Max", "Remaining"} <= set(daily):
            self.usage.set_limit(int(daily["Max"]) - int(daily["Remaining"]), int(daily["Max"]))

    def versions(self) -> list[str]:
        """Returns the versions of the API that the org serves, oldest first; it counts against no limit."""
        rows = self._call(_read_versions)
        return [str(row["version"]) for row in rows]

    def query_all(self, soql: str) -> list[SalesforceRow]:
        """Returns every row of a query, including those in the recycle bin; amounts are Decimal."""
        return self._call(lambda org: list(org.query_all_iter(soql, include_deleted=True)))

    def query_pages(self, soql: str) -> Iterator[list[SalesforceRow]]:
        """Yields the pages of a query as `query_all` reads them; each one is a request, made when it is asked for."""
        page = self._call(lambda org: org.query(soql, include_deleted=True))
        while True:
            yield page["records"]
            if page["done"]:
                return
            url = page["nextRecordsUrl"]
            page = self._call(lambda org, url=url: org.query_more(url, identifier_is_url=True))  # type: ignore[misc]

    def deleted(self, sobject: str, start: datetime, end: datetime) -> list[str]:
        """Returns the ids of records that were deleted in a time of at most 15 days, also those that are purged."""
        times = {"start": start.isoformat(timespec="seconds"), "end": end.isoformat(timespec="seconds")}
        result = self._call(lambda org: org.restful(f"sobjects/{sobject}/deleted/", params=times))
        return [str(each["id"]) for each in dict(result or {}).get("deletedRecords", ())]

    def query_in_batches(self, soql: str, values: Sequence[str]) -> list[SalesforceRow]:
        """Returns the rows of `soql`, whose `{}` stands for the values, in queries as long as an address can be."""
        rows: list[SalesforceRow] = []
        room = max(_LEAST_VALUES, MAX_QUERY_CHARACTERS - len(quote_plus(soql)))
        for batch in _batches(values, room):
            literals = ",".join(quote_soql_value(value) for value in batch)
            rows.extend(self.query_all(soql.replace("{}", f"({literals})")))
        return rows

    def describe(self, sobject: str) -> dict[str, Any]:
        """Returns the schema of an object."""
        result = self._call(lambda org: org.restful(f"sobjects/{sobject}/describe"))
        return dict(result or {})

    def describe_visible(self, sobjects: Iterable[str]) -> dict[str, dict[str, Any] | None]:
        """Returns the schema of each object, None for one that the org lacks or the user may not see.

        One request asks for all of them, and counts as one.
        """
        names = list(sobjects)
        if float(self.connection.version) < _COMPOSITE_VERSION:
            return {name: self._describe_alone(name) for name in names}
        base = f"/services/data/v{self.connection.version}/sobjects"
        parts = [{"method": "GET", "url": f"{base}/{name}/describe", "referenceId": name} for name in names]
        answer = self._call(lambda org: org.restful("composite", method="POST", json={"compositeRequest": parts}))
        answers = {str(each["referenceId"]): each for each in dict(answer or {}).get("compositeResponse", ())}
        if answers.keys() != set(names):
            raise TransientFailure("Salesforce answers a composite request with other parts")
        return {name: self._described(answers[name]) for name in names}

    def _describe_alone(self, sobject: str) -> dict[str, Any] | None:
        try:
            return self.describe(sobject)
        except SetupRefused:
            return None

    def _described(self, part: Mapping[str, Any]) -> dict[str, Any] | None:
        status, body = int(part["httpStatusCode"]), part["body"]
        if status == _OK:
            return dict(body)
        error = self._classified(error_from_body(status, body), status)
        if isinstance(error, SetupRefused):
            return None
        raise error

    def write_collection(
        self,
        method: str,
        path: str,
        records: Sequence[Mapping[str, Any]],
        headers: Mapping[str, str] | None = None,
    ) -> list[SalesforceRow]:
        """Writes up to 200 records and returns their results, in the same order.

        `headers` go before WRITE_HEADERS.
        """
        if len(records) > MAX_RECORDS:
            raise ValueError(f"{len(records)} records in one collection, Salesforce takes {MAX_RECORDS}")
        body = {"allOrNone": False, "records": list(records)}
        sent_headers = {**WRITE_HEADERS, **(headers or {})}
        results = self._call(lambda org: org.restful(path, method=method, json=body, headers=sent_headers))
        if not isinstance(results, list) or len(results) != len(records):
            raise TransientFailure("Salesforce answers a collection with another number of results")
        return results

    def server_time(self) -> datetime:
        """Returns the org's time, from the `Date` of this thread's last response; this machine's before the first."""
        return getattr(self._local, "date", None) or datetime.now(UTC)

    def clock_skew(self) -> timedelta:
        """How far this machine's clock is ahead of the org's, by this thread's last response; 0 before the first."""
        difference: timedelta | None = getattr(self._local, "skew", None)
        return difference or timedelta(0)

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
            # A response that cannot be read is one of them: the write may have been made.
            self.usage.count_no_answer()
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
                session=create_session(self.connection, self._read_answer),
                parse_float=Decimal,
                object_pairs_hook=dict,
            )
            self._local.token = token
        client: Salesforce = self._local.client
        return client

    def _read_answer(self, response: requests.Response) -> None:
        self.usage.count_answer(response)
        date = _parse_date(response.headers.get("Date", ""))
        if date is not None:
            self._local.date = date
            self._local.skew = datetime.now(UTC) - date

    def _to_exception(self, error: SalesforceError) -> Exception:
        return self._classified(error_from_body(error.status, error.content), error.status)

    def _classified(self, crm_error: CrmError, status: int) -> Exception:
        category = classify_error(crm_error, self.connection.external_id_field)
        said = f"{crm_error.code}: {crm_error.safe_message}"
        # An answer without a code comes from something in between, such as a proxy, and says nothing of a record.
        is_foreign = crm_error.code.startswith("HTTP_") and status not in _STATUSES_OF_A_SIZE
        if category is ErrorCategory.RETRY or is_foreign:
            return TransientFailure(f"Salesforce ({self.connection.display_name}) cannot now: {said}")
        if category is ErrorCategory.PAUSE:
            return CircuitOpen(f"Salesforce ({self.connection.display_name}) refuses everything for now: {said}")
        if category is ErrorCategory.SETUP:
            return SetupRefused(self.connection.display_name, crm_error)
        return RequestRefused(crm_error)


def _parse_date(text: str) -> datetime | None:
    """Returns the time of a `Date` header; None for what is none, as something in between may send."""
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _read_versions(org: Salesforce) -> list[dict[str, Any]]:
    # simple-salesforce has no public call for an address without a version.
    answer = org._call_salesforce("GET", f"https://{org.sf_instance}/services/data/")  # noqa: SLF001
    return list(answer.json())


def _batches(values: Sequence[str], room: int) -> Iterator[list[str]]:
    batch: list[str] = []
    length = 0
    for value in values:
        size = len(quote_plus(quote_soql_value(value))) + 3
        if batch and length + size > room:
            yield batch
            batch, length = [], 0
        batch.append(value)
        length += size
    if batch:
        yield batch

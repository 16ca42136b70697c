"""Errors of Salesforce and what to do about each, decided by the error code and never by the HTTP status alone.

SalesforceUnavailable
├── TransientFailure   the same request may succeed a moment later
└── CircuitOpen        nothing will succeed for a while: the daily limit, a session refused for good
RequestRefused         the request as a whole is malformed: halve it
SetupRefused           (SalesforceRefused) the org lacks what the request names, or the user may not see it
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from streams.errors import SalesforceRefused, SalesforceUnavailable


class TransientFailure(SalesforceUnavailable):
    """A failure that may pass: the same request may succeed later."""


class CircuitOpen(SalesforceUnavailable):
    """Salesforce refuses everything for now."""


class RequestRefused(Exception):
    """A request that Salesforce cannot read, because of one of its records or its size."""

    def __init__(self, error: CrmError) -> None:
        super().__init__(f"Salesforce cannot read a request: {error.code}: {error.safe_message}")
        self.error = error


class SetupRefused(SalesforceRefused):
    """A request that names something which the org does not have, or which the integration user may not see."""

    def __init__(self, org: str, error: CrmError) -> None:
        super().__init__(
            f"Salesforce ({org}) is not set up for Leadstream: {error.code}: {error.safe_message}; "
            "`leadstream salesforce check` says what it lacks"
        )
        self.error = error


@dataclass(frozen=True, slots=True)
class CrmError:
    """One error of Salesforce: its code, its message, and the fields it names."""

    code: str
    message: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def is_of_transaction(self) -> bool:
        """Whether the org's own triggers or flows took too much for all records of a request together."""
        return any(each in self.message for each in _LIMITS_OF_A_TRANSACTION)

    @property
    def safe_message(self) -> str:
        """The message in one line, without personal data: where Salesforce quotes a value, it names the fields."""
        if self.code in _CODES_QUOTING_VALUES:
            return f"{self.code} in {', '.join(self.fields) or 'a field it does not name'}"
        if self.code == "MALFORMED_QUERY":
            return "a query that the org cannot read"
        message = self.message
        if _PLACE_IN_QUERY in message:
            # The query stands before it, with the keys and addresses of contacts.
            message = message.rpartition(_PLACE_IN_QUERY)[2].partition("\n")[2]
        return " ".join(message.split())[:250]


class ErrorCategory(Enum):
    """What to do about an error."""

    RETRY = auto()
    PAUSE = auto()
    BISECT = auto()
    CONVERTED = auto()
    DELETED = auto()
    ALREADY_MEMBER = auto()
    SETUP = auto()
    """The mapping or the org's set-up is wrong, so every record would fail."""
    REFUSED = auto()
    """Salesforce will never accept this record as it is."""


_PLACE_IN_QUERY = "ERROR at Row"
_LIMITS_OF_A_TRANSACTION = (
    "System.LimitException",
    "CPU time limit exceeded",
    "Too many SOQL queries",
    "Too many DML",
    "Too many query rows",
)
"""In the message, whatever the code: of a trigger CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY, of a flow another one."""
_CODES_QUOTING_VALUES = {
    "STRING_TOO_LONG",
    "INVALID_EMAIL_ADDRESS",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "FIELD_INTEGRITY_EXCEPTION",
    "INVALID_TYPE_ON_FIELD_IN_RECORD",
    "JSON_PARSER_ERROR",
    "MALFORMED_ID",
    "NUMBER_OUTSIDE_VALID_RANGE",
}
_RETRY = {
    "UNKNOWN_EXCEPTION",
    "SERVER_UNAVAILABLE",
    "UNABLE_TO_LOCK_ROW",
    "QUERY_TIMEOUT",
    "REQUEST_RUNNING_TOO_LONG",
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "PROCESSING_HALTED",
    "INVALID_QUERY_LOCATOR",
}
_PAUSE = {"API_DISABLED_FOR_ORG", "STORAGE_LIMIT_EXCEEDED", "INVALID_SESSION_ID"}
_SETUP = {"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE", "NOT_FOUND", "MALFORMED_QUERY"}
_BISECT = {"JSON_PARSER_ERROR", "EXCEEDED_ID_LIMIT"}


def classify_error(error: CrmError, external_id_field: str) -> ErrorCategory:
    """Returns what to do about an error; duplicates of `external_id_field`, our key field, come from races."""
    code, message = error.code, error.message
    if code in _RETRY or "UNABLE_TO_LOCK_ROW" in message:
        return ErrorCategory.RETRY
    if code == "REQUEST_LIMIT_EXCEEDED":
        return ErrorCategory.PAUSE if "TotalRequests" in message else ErrorCategory.RETRY
    if code == "DUPLICATE_VALUE":
        return _classify_duplicate(message, external_id_field)
    if code == "CANNOT_UPDATE_CONVERTED_LEAD":
        return ErrorCategory.CONVERTED
    if code == "ENTITY_IS_DELETED":
        return ErrorCategory.DELETED
    if code in _PAUSE:
        return ErrorCategory.PAUSE
    if code in _SETUP:
        return ErrorCategory.SETUP
    return ErrorCategory.BISECT if code in _BISECT else ErrorCategory.REFUSED


def _classify_duplicate(message: str, external_id_field: str) -> ErrorCategory:
    if "already a campaign member" in message.lower():
        return ErrorCategory.ALREADY_MEMBER
    # Another request created the record first, or one request had the key twice: the next lookup finds it.
    if external_id_field in message or "Duplicate external id specified" in message:
        return ErrorCategory.RETRY
    return ErrorCategory.REFUSED


def error_from_body(status: int, body: Any) -> CrmError:
    """Returns the error of a whole response, whose body is a list of errors, an OAuth object, or a page of HTML."""
    if isinstance(body, list) and body and isinstance(body[0], dict):
        return _error_from_object(body[0], "errorCode")
    if isinstance(body, dict) and "error" in body:
        return CrmError(str(body["error"]), str(body.get("error_description", "")))
    return CrmError(f"HTTP_{status}", "an answer without an error code")


def error_from_record(result: dict[str, Any]) -> CrmError:
    """Returns the error of one record of a collection, with its code in `statusCode` instead of `errorCode`."""
    errors = result.get("errors") or [{}]
    return _error_from_object(errors[0], "statusCode")


def _error_from_object(error: dict[str, Any], code: str) -> CrmError:
    fields = tuple(str(field) for field in error.get("fields") or ())
    code_text = error.get(code) or error.get("errorCode") or error.get("statusCode") or "UNKNOWN_EXCEPTION"
    return CrmError(str(code_text), str(error.get("message", "")), fields)

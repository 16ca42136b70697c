"""The categories of Salesforce's errors, by code and by the wording observed in production."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.salesforce.org.errors import (
    CrmError,
    ErrorCategory,
    classify_error,
    error_from_body,
    error_from_record,
)

EXTERNAL_ID = "Leadstream_Id__c"


@pytest.mark.parametrize(
    ("code", "message", "meaning"),
    [
        ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", ErrorCategory.RETRY),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "trigger: UNABLE_TO_LOCK_ROW, unable to", ErrorCategory.RETRY),
        ("SERVER_UNAVAILABLE", "Server unavailable", ErrorCategory.RETRY),
        ("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", ErrorCategory.RETRY),
        ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", ErrorCategory.PAUSE),
        ("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", ErrorCategory.PAUSE),
        ("DUPLICATE_VALUE", "duplicate value found: Leadstream_Id__c duplicates value on 00Q", ErrorCategory.RETRY),
        ("DUPLICATE_VALUE", "Duplicate external id specified: default/ada", ErrorCategory.RETRY),
        ("DUPLICATE_VALUE", "Already a campaign member.", ErrorCategory.ALREADY_MEMBER),
        ("DUPLICATE_VALUE", "duplicate value found: Tax__c duplicates value on record", ErrorCategory.REFUSED),
        ("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ErrorCategory.CONVERTED),
        ("ENTITY_IS_DELETED", "entity is deleted", ErrorCategory.DELETED),
        ("JSON_PARSER_ERROR", "Unexpected character", ErrorCategory.BISECT),
        ("EXCEEDED_ID_LIMIT", "record limit reached.", ErrorCategory.BISECT),
        ("INVALID_FIELD", "No such column 'X' on sobject of type Lead", ErrorCategory.SETUP),
        ("NOT_FOUND", "Provided external ID field does not exist or is not accessible: X", ErrorCategory.SETUP),
        ("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ErrorCategory.REFUSED),
        ("SOMETHING_NEW", "never seen", ErrorCategory.REFUSED),
    ],
)
def test_the_code_decides(code: str, message: str, meaning: ErrorCategory) -> None:
    assert classify_error(CrmError(code, message), EXTERNAL_ID) is meaning


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (
            [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}],
            "REQUEST_LIMIT_EXCEEDED",
        ),
        ({"error": "invalid_grant", "error_description": "authentication failure"}, "invalid_grant"),
        ("<html>Maintenance</html>", "HTTP_503"),
        ([], "HTTP_503"),
        (["/services/data/v62.0/sobjects/Lead/x"], "HTTP_503"),
    ],
)
def test_every_shape_of_an_error_is_read(body: Any, code: str) -> None:
    assert error_from_body(503, body).code == code


def test_a_record_in_a_collection_says_status_code() -> None:
    error = error_from_record(
        {"success": False, "errors": [{"statusCode": "STRING_TOO_LONG", "message": "x: y", "fields": ["Title"]}]}
    )
    assert (error.code, error.fields) == ("STRING_TOO_LONG", ("Title",))


def test_a_failure_without_errors_is_worth_repeating() -> None:
    assert classify_error(error_from_record({"success": False, "errors": []}), EXTERNAL_ID) is ErrorCategory.RETRY


def test_a_message_that_quotes_a_value_names_the_field_only() -> None:
    assert CrmError("INVALID_EMAIL_ADDRESS", "Email: invalid email address: a b", ("Email",)).safe_message == (
        "INVALID_EMAIL_ADDRESS in Email"
    )

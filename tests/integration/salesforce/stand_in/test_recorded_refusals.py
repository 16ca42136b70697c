"""The stand-in refuses what real orgs were recorded to refuse, with the same status, keys, codes, words and order.

One case for each recording, as in `test_recorded_shapes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.harness.salesforce.sandbox import OrgApi, SandboxClient

LEAD = {"LastName": "Ada", "Company": "Engines"}


@pytest.fixture
def api(sandbox: SandboxClient) -> OrgApi:
    return OrgApi(sandbox, "60.0")


def test_19_a_double_is_refused_with_what_it_is_a_double_of(sandbox: SandboxClient, api: OrgApi) -> None:
    sandbox.post("duplicate_rule", sobject="Contact", action="alert")
    person = {"LastName": "Ada", "Email": "ada@example.com"}
    first = api.create("Contact", **person)
    answer = api("POST", "sobjects/Contact", person)
    [error] = answer.json()
    assert (answer.status_code, list(error)) == (400, ["duplicateResult", "errorCode", "message"])
    assert (error["errorCode"], error["message"]) == ("DUPLICATES_DETECTED", "Use one of these records?")
    result = error["duplicateResult"]
    assert list(result) == ["allowSave", "duplicateRule", "duplicateRuleEntityType", "errorMessage", "matchResults"]
    assert (result["allowSave"], result["duplicateRule"]) == (True, "Standard_Contact_Duplicate_Rule")
    [match] = result["matchResults"]
    keys = ["entityType", "errors", "matchEngine", "matchRecords", "rule", "size", "success"]
    assert list(match) == keys
    assert (match["rule"], match["size"], match["success"]) == ("Standard_Contact_Match_Rule_v1_1", 1, True)
    [double] = match["matchRecords"]
    assert list(double) == ["additionalInformation", "fieldDiffs", "matchConfidence", "record"]
    assert list(double["record"]) == ["attributes", "Id"]
    assert double["record"]["Id"] == first
    address = f"/services/data/v60.0/sobjects/Contact/{first}"
    assert double["record"]["attributes"] == {"type": "Contact", "url": address}


def test_20_a_key_of_several_records_is_answered_with_their_addresses(api: OrgApi) -> None:
    leads = [api.create("Lead", **LEAD, Legacy_Id__c="a") for _ in range(2)]
    answer = api("PATCH", "sobjects/Lead/Legacy_Id__c/a", {"Title": "x"})
    assert answer.status_code == 300
    assert answer.json() == [f"/services/data/v60.0/sobjects/Lead/{each}" for each in leads]


def test_21_a_key_field_that_there_is_not(api: OrgApi) -> None:
    answer = api("PATCH", "sobjects/Lead/Namez/x", LEAD)
    message = "Provided external ID field does not exist or is not accessible: Namez"
    assert (answer.status_code, answer.json()) == (404, [{"message": message, "errorCode": "NOT_FOUND"}])


def test_25_a_refused_login_is_an_object_and_not_a_list(sandbox: SandboxClient) -> None:
    form = {"grant_type": "password", "client_id": "leadstream", "username": "ada", "password": "no"}
    answer = requests.post(f"{sandbox.url}/services/oauth2/token", data=form, timeout=5)
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_grant",
        "error_description": "authentication failure - Invalid Password",
    }


def test_28_all_or_none_rolls_the_innocent_record_back(sandbox: SandboxClient, api: OrgApi) -> None:
    sandbox.post("duplicate_rule", action="alert")
    api.create("Lead", **LEAD, Email="ada@example.com")
    records = [{"attributes": {"type": "Lead"}, **LEAD, "Email": f"{name}@example.com"} for name in ("ada", "bob")]
    answer = api("POST", "composite/sobjects", {"allOrNone": True, "records": records})
    rolled_back = "Record rolled back because not all records were valid and the request was using AllOrNone header"
    errors = [
        ("DUPLICATES_DETECTED", "Use one of these records?"),
        ("ALL_OR_NONE_OPERATION_ROLLED_BACK", rolled_back),
    ]
    assert answer.status_code == 200
    assert answer.json() == [
        {"success": False, "errors": [{"statusCode": code, "message": message, "fields": []}]}
        for code, message in errors
    ]


@dataclass(frozen=True)
class ExpectedRefusal:
    """A request, and the status and the error that answer it; `{id}` stands for the record of the case."""

    method: str
    path: str
    body: dict[str, Any]
    status: int
    code: str
    message: str
    fields: list[str] | None


REFUSALS = [
    ExpectedRefusal(
        "PATCH",
        "sobjects/Lead/{id}",
        {"Title": "x"},
        400,
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "insufficient access rights on cross-reference id: {id:.15}",
        [],
    ),
    ExpectedRefusal(
        "POST",
        "sobjects/Lead",
        {**LEAD, "RecordTypeId": "0128M0000004HVOQA2"},
        400,
        "INVALID_CROSS_REFERENCE_KEY",
        "Record Type ID: this ID value isn't valid for the user: 0128M0000004HVOQA2",
        ["RecordTypeId"],
    ),
    ExpectedRefusal(
        "POST",
        "sobjects/Lead",
        {**LEAD, "Name": "x"},
        400,
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Unable to create/update fields: Name. Please check the security settings of this field and verify that it "
        "is read/write for your profile or permission set.",
        ["Name"],
    ),
    ExpectedRefusal(
        "POST",
        "sobjects/Lead",
        {**LEAD, "Job_Category__c": "NURSE"},
        400,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Job Category: bad value for restricted picklist field: NURSE",
        ["Job_Category__c"],
    ),
    ExpectedRefusal(
        "POST",
        "sobjects/Account",
        {"Phone": "1"},
        400,
        "REQUIRED_FIELD_MISSING",
        "Required fields are missing: [Name]",
        ["Name"],
    ),
    ExpectedRefusal("DELETE", "sobjects/Account/{deleted}", {}, 404, "ENTITY_IS_DELETED", "entity is deleted", []),
    ExpectedRefusal(
        "POST",
        "sobjects/Lead",
        {**LEAD, "View_Date__c": "0001-01-01"},
        400,
        "FIELD_INTEGRITY_EXCEPTION",
        "View Date: invalid date: Sat Jan 01 00:00:00 GMT 1",
        ["View_Date__c"],
    ),
]


@pytest.mark.parametrize("case", REFUSALS, ids=[case.code for case in REFUSALS])
def test_29_errors_have_the_code_the_words_and_the_fields_of_a_real_org(
    sandbox: SandboxClient, api: OrgApi, case: ExpectedRefusal
) -> None:
    picklist = {"type": "picklist", "restricted": True, "picklist": ["DOCTOR"]}
    sandbox.post("field", sobject="Lead", name="Job_Category__c", label="Job Category", **picklist)
    sandbox.post("field", sobject="Lead", name="View_Date__c", label="View Date", type="date")
    hidden, deleted = api.create("Lead", **LEAD), api.create("Account", Name="x")
    sandbox.post("restrict", id=hidden)
    sandbox.post("delete", type="Account", id=deleted)
    answer = api(case.method, case.path.format(id=hidden, deleted=deleted), case.body)
    message = case.message.format(id=hidden)
    assert answer.status_code == case.status
    assert answer.json() == [{"message": message, "errorCode": case.code, "fields": case.fields}]
    assert list(answer.json()[0]) == ["message", "errorCode", "fields"]


@pytest.mark.parametrize(
    ("kind", "status", "code", "message"),
    [
        ("invalid_session", 401, "INVALID_SESSION_ID", "Session expired or invalid"),
        ("daily_limit", 403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    ],
)
def test_29_errors_of_the_whole_org_name_no_fields(
    sandbox: SandboxClient, kind: str, status: int, code: str, message: str
) -> None:
    api = OrgApi(sandbox)
    sandbox.add_fault(kind)
    answer = api("GET", "limits")
    assert (answer.status_code, answer.json()) == (status, [{"message": message, "errorCode": code}])


def test_31_a_second_record_with_a_unique_key_names_field_and_record_in_the_message_only(api: OrgApi) -> None:
    first = api.create("Lead", **LEAD, Leadstream_Id__c="default/ada")
    answer = api("POST", "sobjects/Lead", {**LEAD, "Leadstream_Id__c": "default/ada"})
    message = f"duplicate value found: Leadstream_Id__c duplicates value on record with id: {first}"
    assert answer.status_code == 400
    assert answer.json() == [{"message": message, "errorCode": "DUPLICATE_VALUE", "fields": []}]

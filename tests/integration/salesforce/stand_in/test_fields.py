"""The stand-in holds values to the types of its fields, to its rules, and to what the user may see."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.salesforce.sandbox import SPRING, OrgApi, SandboxClient

ADA = {"LastName": "Ada", "Company": "Engines", "Email": "ada@example.com"}
KEY = "Leadstream_Id__c"


@pytest.fixture
def api(sandbox: SandboxClient) -> OrgApi:
    return OrgApi(sandbox)


def lead(**values: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Lead"}, **ADA, **values}


CUSTOM_FIELDS: list[dict[str, Any]] = [
    {"name": "Seats__c", "type": "int", "precision": 5},
    {"name": "Score__c", "type": "double", "precision": 5, "scale": 2},
    {"name": "Share__c", "type": "percent", "precision": 3},
    {"name": "Budget__c", "type": "currency", "precision": 18, "scale": 2},
    {"name": "Trial__c", "type": "boolean", "default": False},
    {"name": "Since__c", "type": "date"},
    {"name": "Seen__c", "type": "datetime"},
    {"name": "Plan__c", "type": "picklist", "length": 255, "picklist": ["Free", "Pro"], "restricted": True},
    {"name": "Topics__c", "type": "multipicklist", "length": 4099, "picklist": ["A", "B"], "restricted": True},
    {"name": "Note__c", "type": "string", "length": 5, "label": "Note"},
    {"name": "Page__c", "type": "url", "length": 255},
]


@pytest.fixture
def fields(sandbox: SandboxClient) -> None:
    for field in CUSTOM_FIELDS:
        sandbox.post("field", sobject="Lead", **field)


@pytest.mark.usefixtures("fields")
@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("Seats__c", 12, 12),
        ("Score__c", 1.005, 1.01),
        ("Score__c", 7, 7.0),
        ("Share__c", 40, 40.0),
        ("Budget__c", 15000, 15000.0),
        ("Trial__c", True, True),
        ("Since__c", "2026-03-01", "2026-03-01"),
        ("Since__c", "2026-03-01T23:30:00Z", "2026-03-01"),
        ("Seen__c", "2026-03-01T10:00:00.123+01:00", "2026-03-01T09:00:00.000+0000"),
        ("Plan__c", "pro", "Pro"),
        ("Topics__c", "B;A", "B;A"),
        ("Note__c", "  abc ", "abc"),
        ("Note__c", "", None),
        ("Page__c", "engines.example", "engines.example"),
        ("Industry", "Alchemy", "Alchemy"),
    ],
)
def test_a_value_is_held_as_its_type_holds_it(api: OrgApi, name: str, value: Any, stored: Any) -> None:
    assert api.row("Lead", api.create("Lead", **{**ADA, name: value}))[name] == stored


@pytest.mark.usefixtures("fields")
@pytest.mark.parametrize(
    ("name", "value", "code", "words"),
    [
        ("Seats__c", "forty", "JSON_PARSER_ERROR", "instance of int from VALUE_STRING value forty"),
        ("Seats__c", "40", "JSON_PARSER_ERROR", "instance of int from VALUE_STRING value 40"),
        ("Seats__c", 1.5, "JSON_PARSER_ERROR", "instance of int from VALUE_NUMBER_FLOAT value 1.5"),
        ("Seats__c", 100_000, "NUMBER_OUTSIDE_VALID_RANGE", "value outside of valid range on numeric field: 100000"),
        ("Score__c", 1000, "NUMBER_OUTSIDE_VALID_RANGE", "value outside of valid range"),
        ("Score__c", True, "JSON_PARSER_ERROR", "instance of double from VALUE_TRUE"),
        ("Trial__c", "FALSE", "JSON_PARSER_ERROR", "instance of boolean from VALUE_STRING value FALSE"),
        ("Trial__c", None, "JSON_PARSER_ERROR", "instance of boolean from VALUE_NULL"),
        ("Since__c", "1 March", "JSON_PARSER_ERROR", "instance of date from VALUE_STRING value 1 March"),
        ("Since__c", "0001-01-01", "FIELD_INTEGRITY_EXCEPTION", "invalid date: Sat Jan 01 00:00:00 GMT 1"),
        ("Seen__c", "2017-10-17 00:00:00", "JSON_PARSER_ERROR", "instance of datetime from VALUE_STRING"),
        ("Plan__c", "Gold", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "restricted picklist field: Gold"),
        ("Topics__c", "A;C", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "restricted picklist field: C"),
        ("Note__c", "abcdef", "STRING_TOO_LONG", "Note: data value too large: abcdef (max length=5)"),
        ("Email", "nobody", "INVALID_EMAIL_ADDRESS", "Email: invalid email address: nobody"),
        ("LastName", "", "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]"),
        ("OwnerId", "not an id", "MALFORMED_ID", "id value of incorrect type: not an id"),
        ("OwnerId", "0015A0000000001", "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_alone_and_in_a_collection(
    api: OrgApi, name: str, value: Any, code: str, words: str
) -> None:
    status, refusal, message = api.refusal("POST", "sobjects/Lead", {**ADA, name: value})
    assert (status, refusal) == (400, code)
    assert words in message
    records = [lead(**{KEY: "good"}), lead(**{KEY: "bad", name: value})]
    good, bad = api("PATCH", f"composite/sobjects/Lead/{KEY}", {"records": records}).json()
    assert good["success"]
    assert bad["errors"][0]["statusCode"] == code


def test_a_field_that_holds_an_object_refuses_the_whole_request(api: OrgApi) -> None:
    records = [lead(**{KEY: "good"}), lead(**{KEY: "bad", "Title": ["a"]})]
    answer = api.refusal("PATCH", f"composite/sobjects/Lead/{KEY}", {"records": records})
    assert answer[:2] == (400, "JSON_PARSER_ERROR")
    assert api.query("SELECT Id FROM Lead") == []


def test_describe_shows_types_lengths_and_values(sandbox: SandboxClient, api: OrgApi) -> None:
    sandbox.post("field", sobject="Lead", name="Plan__c", type="picklist", picklist=["Free", "Pro"], restricted=True)
    sandbox.post("field", sobject="Lead", name="Budget__c", type="currency", updateable=False)
    fields = {field["name"]: field for field in api("GET", "sobjects/Lead/describe").json()["fields"]}
    assert fields["Plan__c"]["restrictedPicklist"]
    assert [each["value"] for each in fields["Plan__c"]["picklistValues"]] == ["Free", "Pro"]
    assert (fields["Budget__c"]["createable"], fields["Budget__c"]["updateable"]) == (True, False)
    assert (fields[KEY]["externalId"], fields[KEY]["unique"], fields[KEY]["idLookup"]) == (True, True, True)
    assert (fields["Email"]["externalId"], fields["Email"]["idLookup"]) == (False, True)
    assert fields["AnnualRevenue"]["precision"] == 18
    assert fields["OwnerId"]["referenceTo"] == ["Group", "User"]


def test_a_field_can_be_taken_away_changed_and_required(sandbox: SandboxClient, api: OrgApi) -> None:
    record = api.create("Lead", **ADA, Title="Countess")
    sandbox.post("field", sobject="Lead", name="Title", remove=True)
    assert "Title" not in api.row("Lead", record)
    assert api.refusal("PATCH", f"sobjects/Lead/{record}", {"Title": "x"})[1] == "INVALID_FIELD"
    sandbox.post("field", sobject="Lead", name="City", required=True)
    assert api.refusal("POST", "sobjects/Lead", ADA)[2] == "Required fields are missing: [City]"
    sandbox.post("field", sobject="Lead", name="Phone", createable=False, updateable=False)
    assert api.refusal("PATCH", f"sobjects/Lead/{record}", {"Phone": "1"})[1] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_another_external_id_is_a_key_too_and_one_that_is_unique_takes_no_second_record(
    sandbox: SandboxClient, api: OrgApi
) -> None:
    sandbox.post("field", sobject="Contact", name="Badge__c", external_id=True, unique=True)
    created = api("PATCH", "sobjects/Contact/Badge__c/7", {"LastName": "Ada"})
    changed = api("PATCH", "sobjects/Contact/badge__c/7", {"LastName": "Lovelace"})
    assert (created.status_code, changed.status_code) == (201, 200)
    answer = api.refusal("POST", "sobjects/Contact", {"LastName": "Bob", "Badge__c": "7"})
    record = created.json()["id"]
    assert answer[2] == f"duplicate value found: Badge__c duplicates value on record with id: {record}"


RULES = [
    ("report", False, 201),
    ("alert", False, 400),
    ("alert", True, 201),
    ("block", False, 400),
    ("block", True, 400),
]


@pytest.mark.parametrize(("action", "allows", "status"), RULES)
def test_a_duplicate_rule_reports_warns_or_blocks(
    sandbox: SandboxClient, api: OrgApi, action: str, allows: bool, status: int
) -> None:
    first = api.create("Lead", **ADA)
    sandbox.post("duplicate_rule", sobject="Lead", match=["Lead", "Contact"], action=action)
    headers = {"Sforce-Duplicate-Rule-Header": "allowSave=true"} if allows else {}
    answer = api("POST", "sobjects/Lead", ADA, headers=headers)
    assert answer.status_code == status
    if status == 201:
        return
    [error] = answer.json()
    assert (error["errorCode"], error["duplicateResult"]["allowSave"]) == ("DUPLICATES_DETECTED", action == "alert")
    [match] = error["duplicateResult"]["matchResults"]
    assert [each["record"]["Id"] for each in match["matchRecords"]] == [first]


def test_in_a_collection_a_double_is_told_without_its_matches(sandbox: SandboxClient, api: OrgApi) -> None:
    api.create("Lead", **ADA)
    sandbox.post("duplicate_rule", action="block")
    answer = api("PATCH", f"composite/sobjects/Lead/{KEY}", {"records": [lead(**{KEY: "a"})]}).json()
    message = "Use one of these records?"
    assert answer == [
        {
            "success": False,
            "errors": [{"statusCode": "DUPLICATES_DETECTED", "message": message, "fields": []}],
            "created": False,
        }
    ]


def test_a_change_meets_a_duplicate_rule_only_where_it_touches_its_fields(
    sandbox: SandboxClient, api: OrgApi
) -> None:
    api.create("Lead", **ADA)
    other = api.create("Lead", **{**ADA, "Email": "bob@example.com"})
    sandbox.post("duplicate_rule", action="block")
    path = f"sobjects/Lead/{other}"
    assert api("PATCH", path, {"Title": "Countess"}).status_code == 204
    assert api.refusal("PATCH", path, {"Email": "ADA@example.com"})[1] == "DUPLICATES_DETECTED"


def test_a_validation_rule_refuses_what_fulfils_its_condition(sandbox: SandboxClient, api: OrgApi) -> None:
    sandbox.post("validation_rule", sobject="Lead", when="Country = null", message="Country, please", field="Country")
    answer = api("POST", "sobjects/Lead", ADA)
    assert answer.json() == [
        {"message": "Country, please", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["Country"]}
    ]
    record = api.create("Lead", **ADA, Country="Norway")
    assert api.refusal("PATCH", f"sobjects/Lead/{record}", {"Country": None})[2] == "Country, please"


def test_a_record_that_cannot_be_seen_is_nowhere_but_in_the_way(sandbox: SandboxClient, api: OrgApi) -> None:
    hidden = api.create("Lead", **ADA, **{KEY: "default/ada"})
    sandbox.post("restrict", id=hidden)
    assert api.query("SELECT Id FROM Lead") == []
    assert api("GET", f"sobjects/Lead/{hidden}").status_code == 404
    assert api.refusal("PATCH", f"sobjects/Lead/{hidden}", {"Title": "x"}) == (
        400,
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        f"insufficient access rights on cross-reference id: {hidden[:15]}",
    )
    answer = api.refusal("PATCH", f"sobjects/Lead/{KEY}/default%2Fada", ADA)
    unknown = "duplicate value found: <unknown> duplicates value on record with id: <unknown>"
    assert answer == (400, "DUPLICATE_VALUE", unknown)
    member = {"CampaignId": SPRING, "LeadId": hidden}
    code = api.refusal("POST", "sobjects/CampaignMember", member)[1]
    assert code == "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
    assert len(sandbox.live_records("Lead")) == 1


def test_a_record_that_may_be_read_only_is_not_changed(sandbox: SandboxClient, api: OrgApi) -> None:
    record = api.create("Lead", **ADA)
    sandbox.post("restrict", id=record, access="read")
    assert api.refusal("PATCH", f"sobjects/Lead/{record}", {"Title": "x"})[1] == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert api.row("Lead", record)["Title"] is None


def test_one_record_of_all_or_none_takes_back_changes_too(api: OrgApi) -> None:
    record = api.create("Lead", **ADA, **{KEY: "a"})
    records = [lead(**{KEY: "a", "LastName": "New"}), lead(**{KEY: "b", "Company": None})]
    api("PATCH", f"composite/sobjects/Lead/{KEY}", {"allOrNone": True, "records": records})
    assert api.row("Lead", record)["LastName"] == "Ada"
    assert api.query(f"SELECT Id FROM Lead WHERE {KEY} = 'b'") == []


def test_an_object_without_access_is_not_there(sandbox: SandboxClient, api: OrgApi) -> None:
    sandbox.post("object", sobject="AssignmentRule", visible=False)
    assert api.refusal("GET", "query", q="SELECT Id FROM AssignmentRule")[:2] == (400, "INVALID_TYPE")
    assert api.refusal("GET", "sobjects/AssignmentRule/describe")[:2] == (404, "NOT_FOUND")
    sandbox.post("object", sobject="AssignmentRule")
    assert api.query("SELECT Id FROM AssignmentRule") == []

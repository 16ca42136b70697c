"""The stand-in answers requests that were recorded from real orgs with the same status, keys, codes and order.

One case for each recording; what is compared is written down here: values are those of the org that answered. The
recordings of refusals are in `test_recorded_refusals.py`.
"""

from __future__ import annotations

import re

import pytest
import requests

from tests.harness.salesforce.sandbox import OrgApi, SandboxClient

SAVED = ["id", "success", "errors", "created"]
"""The keys of the result of an upsert, in their order."""
SAVED_WITHOUT_CREATED = SAVED[:3]
RECORD_ID = re.compile(r"[A-Za-z0-9]{15}[A-Z0-5]{3}")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000")
LEAD = {"LastName": "Ada", "Company": "Engines"}


@pytest.fixture
def api(sandbox: SandboxClient) -> OrgApi:
    return OrgApi(sandbox, "60.0")


def test_01_an_upsert_by_a_field_for_lookup_makes_the_record(api: OrgApi) -> None:
    answer = api("PATCH", "sobjects/Contact/Email/ada%40example.com", {"LastName": "Ada"})
    assert (answer.status_code, list(answer.json())) == (201, SAVED)
    assert answer.json()["created"] is True
    assert answer.headers["Location"] == f"/services/data/v60.0/sobjects/Contact/{answer.json()['id']}"
    assert re.fullmatch(r"api-usage=\d+/15000", answer.headers["Sforce-Limit-Info"])
    assert api.row("Contact", answer.json()["id"])["Email"] == "ada@example.com"


def test_02_an_upsert_by_id_changes_the_record(api: OrgApi) -> None:
    account = api.create("Account", Name="Engines")
    answer = api("PATCH", f"sobjects/Account/Id/{account}", {"Phone": "555", "Website": "engines.example"})
    assert (answer.status_code, list(answer.json())) == (200, SAVED)
    assert answer.json() == {"id": account, "success": True, "errors": [], "created": False}
    assert answer.headers["Location"].endswith(f"/sobjects/Account/{account}")


def test_03_a_record_is_created(api: OrgApi) -> None:
    answer = api("POST", "sobjects/Account/", {"Name": "Engines"})
    assert (answer.status_code, list(answer.json())) == (201, SAVED_WITHOUT_CREATED)
    assert RECORD_ID.fullmatch(answer.json()["id"])
    assert answer.headers["Location"].endswith(answer.json()["id"])
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert answer.headers["Cache-Control"] == "no-cache,must-revalidate,max-age=0,no-store,private"


def test_04_a_record_is_changed_without_a_body_in_the_answer(api: OrgApi) -> None:
    account = api.create("Account", Name="Engines")
    answer = api("PATCH", f"sobjects/Account/{account}", {"Name": "Engines Ltd", "Industry": "Technology"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_05_a_collection_answers_200_although_its_record_names_no_type(api: OrgApi) -> None:
    records = [{"Id": "001000000000000000", "Name": "Engines"}]
    answer = api("PATCH", "composite/sobjects/Account/Id", {"records": records, "allOrNone": False})
    assert answer.status_code == 200
    [result] = answer.json()
    assert list(result) == ["success", "errors", "created"]
    assert (result["success"], result["created"]) == (False, False)
    [error] = result["errors"]
    assert list(error) == ["statusCode", "message", "fields"]
    assert (error["statusCode"], error["fields"]) == ("JSON_PARSER_ERROR", [])
    assert error["message"].startswith("Nested object for polymorphic foreign key must have an attributes field")


def test_07_a_collection_creates(api: OrgApi) -> None:
    record = {"attributes": {"type": "Account"}, "Name": "Engines"}
    answer = api("POST", "composite/sobjects", {"allOrNone": False, "records": [record]})
    [result] = answer.json()
    assert (answer.status_code, list(result)) == (200, SAVED_WITHOUT_CREATED)


def test_08_a_collection_deletes_in_the_order_of_the_ids(api: OrgApi) -> None:
    accounts = [api.create("Account", Name=name) for name in ("B", "A")][::-1]
    answer = api("DELETE", "composite/sobjects", ids=",".join(accounts), allOrNone="false")
    assert answer.status_code == 200
    assert answer.json() == [{"id": each, "success": True, "errors": []} for each in accounts]


def test_09_and_10_pages_with_a_long_text_are_of_1000_rows_and_keep_the_total(
    sandbox: SandboxClient, api: OrgApi
) -> None:
    for start in range(0, 2_086, 200):
        names = [f"Account {number}" for number in range(start, min(start + 200, 2_086))]
        records = [{"attributes": {"type": "Account"}, "Name": name} for name in names]
        assert api("POST", "composite/sobjects", {"records": records}).ok
    soql = "SELECT Id, Name, Description, LastModifiedDate, CreatedDate FROM Account"
    first = api("GET", "query", q=soql).json()
    assert list(first) == ["totalSize", "done", "nextRecordsUrl", "records"]
    assert (first["totalSize"], first["done"], len(first["records"])) == (2_086, False, 1_000)
    assert re.fullmatch(r"/services/data/v60\.0/query/0r8\w+-1000", first["nextRecordsUrl"])
    assert list(first["records"][0]) == ["attributes", "Id", "Name", "Description", "LastModifiedDate", "CreatedDate"]
    second = api("GET", first["nextRecordsUrl"]).json()
    assert (second["totalSize"], second["done"]) == (2_086, False)
    assert second["nextRecordsUrl"].endswith("-2000")
    last = api("GET", second["nextRecordsUrl"]).json()
    assert list(last) == ["totalSize", "done", "records"]
    assert len(last["records"]) == 86
    assert api("GET", "query", q="SELECT Id FROM Account").json()["nextRecordsUrl"].endswith("-2000")


def test_12_opportunities_have_their_fields_in_the_order_of_the_query(api: OrgApi) -> None:
    api.create("Opportunity", Name="Generators", StageName="Qualification", CloseDate="2026-03-08", Amount=15000)
    soql = "SELECT Id, Name, Amount, StageName, CloseDate, OwnerId, SystemModstamp FROM Opportunity"
    answer = api("GET", "query", q=soql)
    assert list(answer.json()) == ["totalSize", "done", "records"]
    [row] = answer.json()["records"]
    fields = ["attributes", "Id", "Name", "Amount", "StageName", "CloseDate", "OwnerId", "SystemModstamp"]
    assert list(row) == fields
    assert list(row["attributes"]) == ["type", "url"]
    assert '"Amount": 15000.0' in answer.text
    assert STAMP.fullmatch(row["SystemModstamp"])
    assert RECORD_ID.fullmatch(row["OwnerId"])


def test_13_limits_have_a_most_and_a_rest_and_count_this_request(api: OrgApi) -> None:
    answer = api("GET", "limits")
    limits = answer.json()
    assert list(limits) == sorted(limits)
    assert all(list(limit)[:2] == ["Max", "Remaining"] for limit in limits.values())
    assert list(limits["PermissionSets"]["CreateCustom"]) == ["Max", "Remaining"]
    usage = 15_000 - limits["DailyApiRequests"]["Remaining"]
    assert answer.headers["Sforce-Limit-Info"] == f"api-usage={usage}/15000"


def test_14_the_versions_are_listed_oldest_first_without_a_token(sandbox: SandboxClient) -> None:
    answer = requests.get(f"{sandbox.url}/services/data", timeout=5)
    assert answer.json()[0] == {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}
    labels = {each["version"]: each["label"] for each in answer.json()}
    assert [labels[version] for version in ("32.0", "35.0", "65.0", "66.0")] == [
        "Winter '15",
        "Winter '16",
        "Winter '26",
        "Spring '26",
    ]
    assert "Sforce-Limit-Info" not in answer.headers


def test_15_a_graph_says_of_each_part_what_came_of_it(api: OrgApi) -> None:
    url = "/services/data/v60.0/sobjects/Account"
    part = {"method": "POST", "url": url, "referenceId": "newAccount", "body": {"Name": "Engines"}}
    answer = api("POST", "composite/graph", {"graphs": [{"graphId": "test1", "compositeRequest": [part]}]})
    [graph] = answer.json()["graphs"]
    assert (answer.status_code, list(graph)) == (200, ["graphId", "graphResponse", "isSuccessful"])
    assert (graph["graphId"], graph["isSuccessful"]) == ("test1", True)
    [result] = graph["graphResponse"]["compositeResponse"]
    assert list(result) == ["body", "httpHeaders", "httpStatusCode", "referenceId"]
    assert (result["httpStatusCode"], result["referenceId"]) == (201, "newAccount")
    assert list(result["body"]) == SAVED_WITHOUT_CREATED
    assert result["httpHeaders"] == {"Location": f"{url}/{result['body']['id']}"}


def test_16_a_collection_upserts_by_e_mail_in_the_order_of_the_request(api: OrgApi) -> None:
    names = [f"person{number}" for number in range(16)]
    records = [
        {"FirstName": name, "LastName": "Bluth", "Email": f"{name}@example.com", "attributes": {"type": "Contact"}}
        for name in names
    ]
    answer = api("PATCH", "composite/sobjects/Contact/Email", {"allOrNone": False, "records": records})
    assert [list(result) for result in answer.json()] == [SAVED] * 16
    assert {result["created"] for result in answer.json()} == {True}
    assert [api.row("Contact", result["id"])["FirstName"] for result in answer.json()] == names
    again = api("PATCH", "composite/sobjects/Contact/Email", {"allOrNone": False, "records": records}).json()
    assert [result["id"] for result in again] == [result["id"] for result in answer.json()]
    assert {result["created"] for result in again} == {False}


def test_17_a_composite_request_answers_200_although_a_part_failed(api: OrgApi) -> None:
    api.create("Account", Name="Engines")
    parts = [
        {
            "referenceId": f"ref{name}",
            "method": "GET",
            "url": f"/services/data/v60.0/query/?q=select count() from {name}",
        }
        for name in ("Account", "XYZZY")
    ]
    answer = api("POST", "composite", {"compositeRequest": parts})
    good, bad = answer.json()["compositeResponse"]
    assert answer.status_code == 200
    assert good == {
        "body": {"totalSize": 1, "done": True, "records": []},
        "httpHeaders": {},
        "httpStatusCode": 200,
        "referenceId": "refAccount",
    }
    assert (bad["httpStatusCode"], bad["referenceId"]) == (400, "refXYZZY")
    [error] = bad["body"]
    assert (list(error), error["errorCode"]) == (["message", "errorCode"], "INVALID_TYPE")
    place = "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is "
    assert error["message"].startswith(place)


LEAD_FIELDS = {
    "Id": ("id", 18, False, False),
    "IsDeleted": ("boolean", 0, False, False),
    "MasterRecordId": ("reference", 18, True, False),
    "LastName": ("string", 80, False, True),
    "FirstName": ("string", 40, True, True),
    "Salutation": ("picklist", 40, True, True),
    "Name": ("string", 121, False, False),
    "Title": ("string", 128, True, True),
    "Company": ("string", 255, False, True),
    "Street": ("textarea", 255, True, True),
    "City": ("string", 40, True, True),
    "State": ("string", 80, True, True),
    "PostalCode": ("string", 20, True, True),
    "Country": ("string", 80, True, True),
    "Phone": ("phone", 40, True, True),
    "MobilePhone": ("phone", 40, True, True),
    "Email": ("email", 80, True, True),
    "Website": ("url", 255, True, True),
    "Description": ("textarea", 32_000, True, True),
    "LeadSource": ("picklist", 255, True, True),
    "Status": ("picklist", 255, False, True),
    "Industry": ("picklist", 255, True, True),
    "Rating": ("picklist", 255, True, True),
    "AnnualRevenue": ("currency", 0, True, True),
    "NumberOfEmployees": ("int", 0, True, True),
    "OwnerId": ("reference", 18, False, True),
    "IsConverted": ("boolean", 0, False, False),
    "ConvertedDate": ("date", 0, True, False),
    "ConvertedAccountId": ("reference", 18, True, False),
    "ConvertedContactId": ("reference", 18, True, False),
    "ConvertedOpportunityId": ("reference", 18, True, False),
    "CreatedDate": ("datetime", 0, False, False),
    "LastModifiedDate": ("datetime", 0, False, False),
    "SystemModstamp": ("datetime", 0, False, False),
    "CleanStatus": ("picklist", 40, True, True),
}
"""Type, length, whether it may be empty and whether it can be written, of the fields that the stand-in has."""
OPPORTUNITY_FIELDS = {
    "Id": ("id", 18, False, False),
    "IsDeleted": ("boolean", 0, False, False),
    "AccountId": ("reference", 18, True, True),
    "Name": ("string", 120, False, True),
    "StageName": ("picklist", 255, False, True),
    "Amount": ("currency", 0, True, True),
    "CloseDate": ("date", 0, False, True),
    "LeadSource": ("picklist", 255, True, True),
    "IsClosed": ("boolean", 0, False, False),
    "IsWon": ("boolean", 0, False, False),
    "CampaignId": ("reference", 18, True, True),
    "OwnerId": ("reference", 18, False, True),
    "CreatedDate": ("datetime", 0, False, False),
    "LastModifiedDate": ("datetime", 0, False, False),
    "SystemModstamp": ("datetime", 0, False, False),
    "LastStageChangeDate": ("datetime", 0, True, False),
    "ContactId": ("reference", 18, True, True),
}


@pytest.mark.parametrize(
    ("name", "prefix", "expected"), [("Lead", "00Q", LEAD_FIELDS), ("Opportunity", "006", OPPORTUNITY_FIELDS)]
)
def test_18_describe_has_the_fields_as_a_real_org_has_them(
    api: OrgApi, name: str, prefix: str, expected: dict[str, tuple[str, int, bool, bool]]
) -> None:
    description = api("GET", f"sobjects/{name}/describe").json()
    assert (description["name"], description["keyPrefix"]) == (name, prefix)
    assert all(description[each] for each in ("createable", "updateable", "deletable", "queryable", "replicateable"))
    standard = {
        field["name"]: (field["type"], field["length"], field["nillable"], field["createable"])
        for field in description["fields"]
        if not field["custom"]
    }
    # These two are not in the recording: an org shows them where they are in use.
    for more in ("RecordTypeId", "HasOptedOutOfEmail"):
        standard.pop(more, None)
    assert standard == expected
    assert list(standard) == list(expected)


def test_23_the_ids_of_changed_records(sandbox: SandboxClient, api: OrgApi) -> None:
    leads = [api.create("Lead", **LEAD) for _ in range(3)]
    now = sandbox.server_time()
    span = {"start": f"{now:%Y-%m-%dT00:00:00}Z", "end": f"{now:%Y-%m-%dT23:59:59}Z"}
    answer = api("GET", "sobjects/Lead/updated/", **span)
    assert list(answer.json()) == ["ids", "latestDateCovered"]
    assert answer.json()["ids"] == leads
    assert STAMP.fullmatch(answer.json()["latestDateCovered"])

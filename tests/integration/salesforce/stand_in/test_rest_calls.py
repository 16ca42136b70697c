"""The sandbox answers in the shapes recorded from the real service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.harness.salesforce.sandbox import SPRING, OrgApi, SandboxClient

BASE = "services/data/v62.0"
LEAD = {"LastName": "Ada", "Company": "Engines"}


@pytest.fixture
def api(sandbox: SandboxClient) -> OrgApi:
    return OrgApi(sandbox)


def test_a_single_upsert_says_whether_it_made_the_record(api: OrgApi) -> None:
    created = api("PATCH", "sobjects/Lead/Leadstream_Id__c/default%2Fada", LEAD)
    changed = api("PATCH", "sobjects/Lead/Leadstream_Id__c/default%2Fada", {"Title": "Countess"})
    assert (created.status_code, changed.status_code) == (201, 200)
    assert created.json() == {"id": created.json()["id"], "success": True, "errors": [], "created": True}
    assert changed.json()["created"] is False
    assert created.headers["Location"] == f"/{BASE}/sobjects/Lead/{created.json()['id']}"
    assert created.headers["Sforce-Limit-Info"].startswith("api-usage=")


def test_a_record_is_made_read_changed_and_deleted_by_id(api: OrgApi) -> None:
    created = api("POST", "sobjects/Lead", LEAD)
    path = f"sobjects/Lead/{created.json()['id']}"
    assert created.status_code == 201
    assert api("PATCH", path, {"Title": "Countess"}).status_code == 204
    assert api("GET", path).json()["Title"] == "Countess"
    assert api("DELETE", path).status_code == 204
    assert api("PATCH", path, {"Title": "x"}).json()[0]["errorCode"] == "ENTITY_IS_DELETED"


@pytest.mark.parametrize(
    ("body", "code", "fields"),
    [
        ({"LastName": "x"}, "REQUIRED_FIELD_MISSING", ["Company"]),
        ({**LEAD, "Title": "x" * 129}, "STRING_TOO_LONG", ["Title"]),
        ({**LEAD, "Email": "no"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ({**LEAD, "Shoe__c": 1}, "INVALID_FIELD", []),
        ({**LEAD, "IsConverted": True}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["IsConverted"]),
    ],
)
def test_a_bad_record_is_refused_with_code_and_fields(api: OrgApi, body: Any, code: str, fields: list[str]) -> None:
    answer = api("POST", "sobjects/Lead", body)
    assert answer.status_code == 400
    [error] = answer.json()
    assert (error["errorCode"], error["fields"]) == (code, fields)


def test_an_unknown_key_field_is_not_found(api: OrgApi) -> None:
    answer = api("PATCH", "sobjects/Lead/Namez/x", LEAD)
    assert answer.status_code == 404
    assert answer.json() == [
        {"message": "Provided external ID field does not exist or is not accessible: Namez", "errorCode": "NOT_FOUND"}
    ]


def _records(*records: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"attributes": {"type": "Lead"}, **record} for record in records]


def test_a_collection_answers_200_although_records_failed_and_keeps_their_order(api: OrgApi) -> None:
    records = _records(
        {**LEAD, "Leadstream_Id__c": "a"},
        {"LastName": "x", "Leadstream_Id__c": "b"},
        {**LEAD, "Leadstream_Id__c": "c"},
    )
    answer = api("PATCH", "composite/sobjects/Lead/Leadstream_Id__c", {"records": records})
    assert answer.status_code == 200
    good, bad, also_good = answer.json()
    assert good["success"]
    assert also_good["success"]
    assert "id" not in bad
    assert bad["created"] is False
    assert bad["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"


def test_a_key_twice_in_one_request_fails_every_such_record(api: OrgApi) -> None:
    records = _records(*({**LEAD, "Leadstream_Id__c": key} for key in ("a", "A", "b")))
    answer = api("PATCH", "composite/sobjects/Lead/Leadstream_Id__c", {"records": records}).json()
    assert [result["success"] for result in answer] == [False, False, True]
    assert answer[0]["errors"][0]["message"] == "Duplicate external id specified: a"


def test_all_or_none_rolls_back_the_valid_records_too(sandbox: SandboxClient, api: OrgApi) -> None:
    records = _records({**LEAD, "Leadstream_Id__c": "a"}, {"LastName": "x", "Leadstream_Id__c": "b"})
    answer = api("PATCH", "composite/sobjects/Lead/Leadstream_Id__c", {"allOrNone": True, "records": records})
    codes = [result["errors"][0]["statusCode"] for result in answer.json()]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert sandbox.live_records("Lead") == []


def test_more_than_200_records_are_refused_whole(api: OrgApi) -> None:
    records = _records(*({**LEAD, "Leadstream_Id__c": str(number)} for number in range(201)))
    answer = api("PATCH", "composite/sobjects/Lead/Leadstream_Id__c", {"records": records})
    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"


def test_several_matches_are_300_with_their_paths(api: OrgApi) -> None:
    created = [api("POST", "sobjects/Lead", {**LEAD, "Legacy_Id__c": "a"}).json()["id"] for _ in range(2)]
    answer = api("PATCH", "sobjects/Lead/Legacy_Id__c/a", LEAD)
    assert answer.status_code == 300
    assert answer.json() == [f"/{BASE}/sobjects/Lead/{each}" for each in created]


def test_a_record_in_the_recycle_bin_does_not_match_and_cannot_come_back_beside_its_successor(
    sandbox: SandboxClient, api: OrgApi
) -> None:
    path = "sobjects/Lead/Leadstream_Id__c/a"
    first = api("PATCH", path, LEAD).json()["id"]
    sandbox.post("delete", type="Lead", id=first)
    assert api("PATCH", path, LEAD).json()["id"] != first
    body = {"type": "Lead", "id": first}
    refused = requests.post(f"{sandbox.url}/__sandbox__/undelete", json=body, timeout=5)
    assert refused.json()[0]["errorCode"] == "DUPLICATE_VALUE"


def test_the_campaign_last_associated_becomes_that_of_the_opportunity(sandbox: SandboxClient, api: OrgApi) -> None:
    lead = api("POST", "sobjects/Lead", LEAD).json()["id"]
    api("POST", "sobjects/CampaignMember", {"CampaignId": SPRING, "LeadId": lead})
    twice = api("POST", "sobjects/CampaignMember", {"CampaignId": SPRING, "LeadId": lead})
    assert twice.json()[0]["message"] == "Already a campaign member."
    created = sandbox.post("convert", lead=lead, amount=10)
    [opportunity] = sandbox.live_records("Opportunity")
    assert (opportunity["Id"], opportunity["CampaignId"]) == (created["opportunity"], SPRING)
    answer = api("PATCH", f"sobjects/Lead/{lead}", {"Title": "x"})
    assert answer.json()[0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"


def test_a_request_without_a_token_is_refused(sandbox: SandboxClient) -> None:
    answer = requests.get(f"{sandbox.url}/{BASE}/limits", timeout=5)
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_a_page_names_the_next(sandbox: SandboxClient, api: OrgApi) -> None:
    for number in range(3):
        api("POST", "sobjects/Account", {"Name": f"a{number}"})
    sandbox.post("settings", page_size=2)
    first = api("GET", "query/", q="SELECT Name FROM Account").json()
    assert (first["totalSize"], first["done"], len(first["records"])) == (3, False, 2)
    rest = api("GET", first["nextRecordsUrl"].removeprefix(f"/{BASE}/")).json()
    assert (rest["totalSize"], rest["done"], len(rest["records"])) == (3, True, 1)


def test_updated_and_deleted_list_ids(sandbox: SandboxClient, api: OrgApi) -> None:
    existing, deleted = (api("POST", "sobjects/Account", {"Name": name}).json()["id"] for name in ("a", "b"))
    api("DELETE", f"sobjects/Account/{deleted}")
    now = datetime.now(UTC)
    span = {"start": (now - timedelta(hours=1)).isoformat(), "end": (now + timedelta(hours=1)).isoformat()}
    assert api("GET", "sobjects/Account/updated/", **span).json()["ids"] == [existing]
    assert [row["id"] for row in api("GET", "sobjects/Account/deleted/", **span).json()["deletedRecords"]] == [
        deleted
    ]


def test_a_misspelt_order_of_a_fault_is_refused(sandbox: SandboxClient) -> None:
    answer = requests.post(f"{sandbox.url}/__sandbox__/faults", json={"kind": "earthquake"}, timeout=5)
    assert answer.status_code == 400
    assert "earthquake" in answer.json()[0]["message"]


def test_a_query_with_an_id_that_can_be_none_is_refused_as_a_whole(sandbox: SandboxClient, api: OrgApi) -> None:
    lead = sandbox.post("record", type="Lead", LastName="x", Company="C")["Id"]
    soql = f"SELECT Id FROM Lead WHERE Id IN ('{lead}','hs-123')"
    answer = api("GET", "queryAll", q=soql)
    [error] = answer.json()
    assert (answer.status_code, error["errorCode"]) == (400, "INVALID_QUERY_FILTER_OPERATOR")
    assert error["message"].startswith(f"\n{soql}\n")
    assert error["message"].endswith("\ninvalid ID field: hs-123")

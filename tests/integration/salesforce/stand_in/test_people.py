"""What people do in the stand-in org: they convert, merge and assign, and campaigns have statuses of their own."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.harness.salesforce.sandbox import AUTUMN, SPRING, OrgApi, SandboxClient

ADA = {"LastName": "Ada", "Company": "Engines", "Email": "ada@example.com", "Leadstream_Id__c": "default/ada"}
OPPORTUNITY = {"Name": "Engines", "StageName": "Prospecting", "CloseDate": "2026-12-01"}


@pytest.fixture
def api(sandbox: SandboxClient) -> OrgApi:
    return OrgApi(sandbox)


def refused(sandbox: SandboxClient, name: str, **body: Any) -> str:
    answer = requests.post(f"{sandbox.url}/__sandbox__/{name}", json=body, timeout=5)
    assert answer.status_code == 400
    return str(answer.json()[0]["message"])


def test_a_conversion_makes_the_contact_the_primary_role_of_the_new_opportunity(
    sandbox: SandboxClient, api: OrgApi
) -> None:
    converted = sandbox.post("convert", lead=api.create("Lead", **ADA), amount=10)
    [role] = sandbox.live_records("OpportunityContactRole")
    assert (role["OpportunityId"], role["ContactId"]) == (converted["opportunity"], converted["contact"])
    assert role["IsPrimary"]


@pytest.mark.parametrize(("copies", "key"), [(False, None), (True, "default/ada")])
def test_our_fields_go_to_the_contact_only_where_the_org_maps_them(
    sandbox: SandboxClient, api: OrgApi, copies: bool, key: str | None
) -> None:
    sandbox.post("settings", copy_custom_fields=copies)
    contact = sandbox.post("convert", lead=api.create("Lead", **ADA))["contact"]
    assert api.row("Contact", contact)["Leadstream_Id__c"] == key
    assert api.row("Contact", contact)["Email"] == "ada@example.com"


def test_a_lead_is_converted_into_records_that_exist_and_keeps_what_stands_there(
    sandbox: SandboxClient, api: OrgApi
) -> None:
    account = api.create("Account", Name="Engines Ltd")
    contact = api.create("Contact", LastName="Lovelace", AccountId=account)
    opportunity = api.create("Opportunity", **OPPORTUNITY, AccountId=account, CampaignId=AUTUMN)
    lead = api.create("Lead", **ADA)
    api.create("CampaignMember", CampaignId=SPRING, LeadId=lead)
    converted = sandbox.post("convert", lead=lead, contact_id=contact, opportunity_id=opportunity)
    assert converted == {"lead": lead, "account": account, "contact": contact, "opportunity": opportunity}
    assert api.row("Opportunity", opportunity)["CampaignId"] == AUTUMN
    person = api.row("Contact", contact)
    assert (person["LastName"], person["Email"]) == ("Lovelace", "ada@example.com")
    [member] = sandbox.live_records("CampaignMember")
    assert member["ContactId"] == contact


def test_a_conversion_without_an_opportunity_makes_none(sandbox: SandboxClient, api: OrgApi) -> None:
    assert sandbox.post("convert", lead=api.create("Lead", **ADA), opportunity=False)["opportunity"] is None
    assert sandbox.live_records("Opportunity") == []


def test_a_lead_is_not_converted_into_an_opportunity_there_is_not(sandbox: SandboxClient, api: OrgApi) -> None:
    lead = api.create("Lead", **ADA)
    assert "no such opportunity" in refused(sandbox, "convert", lead=lead, opportunity_id="0065A0000000000AAA")
    assert not api.row("Lead", lead)["IsConverted"]


def test_merged_leads_lie_in_the_bin_and_name_their_master_which_gets_their_memberships(
    sandbox: SandboxClient, api: OrgApi
) -> None:
    master = api.create("Lead", LastName="Lovelace", Company="Engines")
    losers = [api.create("Lead", **ADA), api.create("Lead", LastName="A.", Company="Engines")]
    for lead, campaign in ((master, SPRING), (losers[0], SPRING), (losers[1], AUTUMN)):
        api.create("CampaignMember", CampaignId=campaign, LeadId=lead)
    sandbox.post("merge", type="Lead", master=master, losers=losers, fields={"Leadstream_Id__c": "default/ada"})
    rows = api.query("SELECT Id, IsDeleted, MasterRecordId, Leadstream_Id__c FROM Lead ORDER BY Id", "queryAll")
    assert [(row["IsDeleted"], row["MasterRecordId"]) for row in rows] == [
        (False, None),
        (True, master),
        (True, master),
    ]
    assert rows[0]["Leadstream_Id__c"] == "default/ada"
    members = sandbox.live_records("CampaignMember")
    assert sorted((member["LeadId"], member["CampaignId"]) for member in members) == sorted(
        [(master, SPRING), (master, AUTUMN)]
    )


def test_merged_contacts_leave_their_opportunities_and_conversions_to_the_master(
    sandbox: SandboxClient, api: OrgApi
) -> None:
    converted = sandbox.post("convert", lead=api.create("Lead", **ADA))
    master = api.create("Contact", LastName="Lovelace")
    sandbox.post("merge", type="Contact", master=master, losers=[converted["contact"]])
    [role] = sandbox.live_records("OpportunityContactRole")
    assert role["ContactId"] == master
    assert api.row("Lead", converted["lead"])["ConvertedContactId"] == master


def test_a_converted_lead_and_a_record_itself_cannot_be_merged(sandbox: SandboxClient, api: OrgApi) -> None:
    lead, other = api.create("Lead", **ADA), api.create("Lead", LastName="B", Company="C")
    assert "into itself" in refused(sandbox, "merge", type="Lead", master=lead, losers=[lead])
    sandbox.post("convert", lead=lead)
    assert "is converted" in refused(sandbox, "merge", type="Lead", master=other, losers=[lead])


def test_a_campaign_starts_with_sent_and_responded(api: OrgApi) -> None:
    soql = f"SELECT Label, IsDefault, HasResponded FROM CampaignMemberStatus WHERE CampaignId = '{SPRING}'"
    statuses = [(row["Label"], row["IsDefault"], row["HasResponded"]) for row in api.query(soql)]
    assert statuses == [("Sent", True, False), ("Responded", False, True)]


def test_a_member_status_says_whether_the_person_responded(sandbox: SandboxClient, api: OrgApi) -> None:
    sandbox.post("member_status", campaign=SPRING, label="Attended", responded=True)
    member = api.create("CampaignMember", CampaignId=SPRING, LeadId=api.create("Lead", **ADA), Status="attended")
    row = api.row("CampaignMember", member)
    assert (row["Status"], row["HasResponded"]) == ("Attended", True)
    assert api("PATCH", f"sobjects/CampaignMember/{member}", {"Status": "Sent"}).status_code == 204
    assert not api.row("CampaignMember", member)["HasResponded"]


def test_a_status_that_the_campaign_does_not_have_becomes_its_default_without_a_word(api: OrgApi) -> None:
    member = api.create("CampaignMember", CampaignId=SPRING, LeadId=api.create("Lead", **ADA), Status="Respondet")
    assert api.row("CampaignMember", member)["Status"] == "Sent"


def test_a_deleted_lead_takes_its_memberships_along_and_brings_them_back(sandbox: SandboxClient, api: OrgApi) -> None:
    lead = api.create("Lead", **ADA)
    api.create("CampaignMember", CampaignId=SPRING, LeadId=lead)
    sandbox.post("delete", type="Lead", id=lead)
    assert sandbox.live_records("CampaignMember") == []
    sandbox.post("undelete", type="Lead", id=lead)
    assert len(sandbox.live_records("CampaignMember")) == 1


def test_a_purged_record_is_known_to_the_log_of_deletions_only(sandbox: SandboxClient, api: OrgApi) -> None:
    opportunity = api.create("Opportunity", **OPPORTUNITY)
    sandbox.post("delete", type="Opportunity", id=opportunity)
    sandbox.post("purge", type="Opportunity", id=opportunity)
    assert api.query("SELECT Id FROM Opportunity", "queryAll") == []
    now = sandbox.server_time()
    span = {"start": f"{now:%Y-%m-%dT00:00:00}Z", "end": f"{now:%Y-%m-%dT23:59:59}Z"}
    [deletion] = api("GET", "sobjects/Opportunity/deleted/", **span).json()["deletedRecords"]
    assert deletion["id"] == opportunity


@pytest.mark.parametrize(
    ("header", "owner"),
    [
        (None, "0055A000000REP1QAO"),
        ("TRUE", "0055A000000REP1QAO"),
        ("FALSE", "0055A000000000BQAQ"),
    ],
)
def test_a_new_lead_is_assigned_unless_the_request_forbids_it(
    sandbox: SandboxClient, api: OrgApi, header: str | None, owner: str
) -> None:
    sandbox.post("assignment_rule", owner="0055A000000REP1QAO")
    headers = {} if header is None else {"Sforce-Auto-Assign": header}
    lead = api("POST", "sobjects/Lead", ADA, headers=headers).json()["id"]
    assert api.row("Lead", lead)["OwnerId"][:15] == owner[:15]
    assert [each["id"] for each in sandbox.get("assignments")] == ([] if header == "FALSE" else [lead])


def test_a_change_is_assigned_too_and_a_rule_can_be_named(sandbox: SandboxClient, api: OrgApi) -> None:
    lead = api.create("Lead", **ADA)
    sandbox.post("assignment_rule", owner="0055A000000REP1QAO")
    rule = sandbox.post("assignment_rule", name="Fair", owner="00G5A000000QUE1QAO", active=False)
    path = f"sobjects/Lead/{lead}"
    assert api("PATCH", path, {"Title": "Countess"}, headers={"Sforce-Auto-Assign": rule["Id"]}).status_code == 204
    assert api.row("Lead", lead)["OwnerId"] == "00G5A000000QUE1QAO"
    assert api("PATCH", path, {"Title": "Lady"}).status_code == 204
    assert api.row("Lead", lead)["OwnerId"] == "0055A000000REP1QAO"
    assert [each["operation"] for each in sandbox.get("assignments")] == ["update", "update"]
    unknown = {"Sforce-Auto-Assign": "01Q5A0000000000AAA"}
    assert api.refusal("PATCH", path, {"Title": "x"}, headers=unknown)[1] == "INVALID_CROSS_REFERENCE_KEY"
    [active] = api.query("SELECT Id, Name, Active FROM AssignmentRule WHERE SobjectType = 'Lead' AND Active = true")
    assert active["Name"] == "Standard"


def test_the_contact_of_a_new_opportunity_has_a_role_and_another_primary_one_ends_its_rank(
    sandbox: SandboxClient, api: OrgApi
) -> None:
    first, second = (api.create("Contact", LastName=name) for name in ("Ada", "Bob"))
    opportunity = api.create("Opportunity", **OPPORTUNITY, ContactId=first)
    sandbox.post("contact_role", opportunity=opportunity, contact=second, primary=True, role="Influencer")
    roles = {role["ContactId"]: role["IsPrimary"] for role in sandbox.live_records("OpportunityContactRole")}
    assert roles == {first: False, second: True}


def test_what_belongs_to_a_record_is_deleted_with_it(sandbox: SandboxClient, api: OrgApi) -> None:
    contact = api.create("Contact", LastName="Ada")
    opportunity = api.create("Opportunity", **OPPORTUNITY, ContactId=contact)
    api.create("CampaignMember", CampaignId=SPRING, ContactId=contact)
    sandbox.post("delete", type="Opportunity", id=opportunity)
    sandbox.post("delete", type="Campaign", id=SPRING)
    assert sandbox.live_records("OpportunityContactRole") == sandbox.live_records("CampaignMember") == []
    sandbox.post("undelete", type="Opportunity", id=opportunity)
    assert len(sandbox.live_records("OpportunityContactRole")) == 1


def test_a_record_is_named_by_its_external_id(api: OrgApi) -> None:
    lead = api.create("Lead", **ADA)
    members = [
        {
            "attributes": {"type": "CampaignMember"},
            "CampaignId": SPRING,
            "Lead": {"Leadstream_Id__c": f"default/{name}"},
        }
        for name in ("ada", "bob")
    ]
    made, missing = api("POST", "composite/sobjects", {"records": members}).json()
    assert api.row("CampaignMember", made["id"])["LeadId"] == lead
    assert missing["errors"][0]["message"] == (
        "Foreign key external ID: default/bob not found for field Leadstream_Id__c in entity Lead"
    )


def test_many_opportunities_are_there_at_once(sandbox: SandboxClient, api: OrgApi) -> None:
    assert sandbox.post("opportunities", count=3_000, fields={"CampaignId": SPRING}) == {"count": 3_000}
    soql = f"SELECT COUNT(Id) n, SUM(Amount) total FROM Opportunity WHERE CampaignId = '{SPRING}'"
    [row] = api.query(soql)
    assert (row["n"], row["total"]) == (3_000, 3_000_000.0)

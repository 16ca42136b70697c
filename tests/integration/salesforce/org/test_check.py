"""An org and the definitions of its accounts are checked before anything is handed over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from connectors.salesforce.check.deployment_check import check_deployment
from connectors.salesforce.check.org_check import OrgReport, check_org
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.directory import OrgDirectory
from connectors.salesforce.org.errors import TransientFailure
from connectors.salesforce.org.orgs_file import OrgEntry
from schemas.definitions import Definitions
from tests.harness.salesforce.sandbox import AUTUMN, SPRING, SandboxClient

NEEDED = {
    "LastName": {"property": "last_name", "default": "[not provided]"},
    "Company": {"property": "company", "default": "[not provided]"},
}


def definitions(lead_fields: Mapping[str, Any] | None = None, **more: Any) -> Definitions:
    """The definitions of an account that maps what a Lead needs, and `lead_fields`."""
    campaigns = more.pop("campaigns", [])
    properties = more.pop("properties", {})
    return Definitions.model_validate(
        {
            "campaigns": campaigns,
            "properties": properties,
            "salesforce": {"lead_fields": {**NEEDED, **(lead_fields or {})}, **more},
        }
    )


def campaign(name: str, crm_id: str, status: str | None = None) -> dict[str, Any]:
    return {"id": name, "salesforce": {"campaign": crm_id, "member_status": status}}


def problems_of(client: OrgClient, account: Definitions) -> list[str]:
    report = check_org(client, {"acme": account})
    assert report.problems == []
    return report.account_problems.get("acme", [])


def test_a_fresh_org_and_a_good_mapping_have_no_problems(client: OrgClient) -> None:
    good = definitions(
        {"NumberOfEmployees": {"property": "employees"}, "Status": {"value": "Working - Contacted"}},
        properties={"employees": "number"},
        campaigns=[campaign("spring", SPRING, "Responded"), campaign("autumn", AUTUMN[:15], "Sent")],
        updates=[{"on": "lead.rejected", "fields": {"Title": {"value": "rejected"}}}],
    )
    report = check_org(client, {"acme": good})
    assert report.problem_lines() == []
    assert report.note_lines() == [
        "the org has one currency; amounts count as USD (LEADSTREAM_SALESFORCE_CURRENCY)",
    ]


def test_without_definitions_the_default_mapping_is_checked(sandbox: SandboxClient, client: OrgClient) -> None:
    assert check_org(client, {}).problem_lines() == []
    sandbox.post("field", sobject="Lead", name="Region__c", required=True)
    assert check_org(client, {}).problem_lines() == ["lead_fields: the Lead needs Region__c: map it, with a default"]


def test_an_account_without_campaigns_needs_no_mapping(sandbox: SandboxClient, client: OrgClient) -> None:
    sandbox.post("field", sobject="Lead", name="Region__c", required=True)
    assert check_org(client, {"acme": Definitions()}).problem_lines() == []
    with_campaign = Definitions.model_validate({"campaigns": [{"id": "spring"}]})
    assert check_org(client, {"acme": with_campaign}).problem_lines() == [
        "acme: lead_fields: the Lead needs Region__c: map it, with a default"
    ]


def test_a_text_property_on_a_field_of_numbers_is_told_before_the_first_lead(client: OrgClient) -> None:
    account = definitions({"NumberOfEmployees": {"property": "size"}}, properties={"size": "text"})
    assert problems_of(client, account) == [
        "lead_fields: NumberOfEmployees takes a whole number (int), and the property is a text (size)"
    ]


def test_every_slip_of_a_mapping_is_told_at_once(sandbox: SandboxClient, client: OrgClient) -> None:
    sandbox.post("field", sobject="Lead", name="Tier__c", type="picklist", picklist=["A", "B"], restricted=True)
    account = definitions(
        {
            "Plan__c": {"property": "email"},
            "email": {"property": "email"},
            "Compny": {"property": "company"},
            "IsConverted": {"value": True},
            "Leadstream_Number__c": {"value": "7"},
            "Tier__c": {"value": "C"},
            "FirstName": {"property": "first_name", "default": "x" * 41},
        },
        updates=[{"on": {"property": "email"}, "fields": {"Nope__c": {"property": "email"}}}],
    )
    assert problems_of(client, account) == [
        "lead_fields: the Lead has no field Plan__c that the integration user may see",
        "lead_fields: the Lead has no field email that the integration user may see (there is Email)",
        "lead_fields: the Lead has no field Compny that the integration user may see (there is Company)",
        "lead_fields: the integration user may not write IsConverted",
        "lead_fields: Leadstream_Number__c is written by Leadstream itself: leave it out",
        "lead_fields: Tier__c does not take 'C': not among the values of the picklist - one of: A, B (value)",
        f"lead_fields: FirstName does not take '{'x' * 41}': longer than 40 characters (default)",
        "updates[0] (property email): the Lead has no field Nope__c that the integration user may see",
    ]


def test_an_update_that_a_contact_cannot_take_is_a_note(client: OrgClient) -> None:
    account = definitions(updates=[{"on": "lead.rejected", "fields": {"Rating": {"value": "Cold"}}}])
    report = check_org(client, {"acme": account})
    assert report.problem_lines() == []
    assert report.account_notes["acme"] == [
        "updates[0] (lead.rejected): Rating is not written once the Lead is converted: the Contact has no such field"
    ]


@pytest.mark.parametrize("owner", ["Lead", "Contact"])
def test_our_own_fields_have_to_be_as_they_must(sandbox: SandboxClient, client: OrgClient, owner: str) -> None:
    sandbox.post("field", sobject=owner, name="Leadstream_Id__c", unique=False)
    sandbox.post("field", sobject=owner, name="Leadstream_Number__c", length=18)
    sandbox.post("field", sobject=owner, name="Leadstream_Campaign__c", type="int")
    sandbox.post("field", sobject=owner, name="Leadstream_Written__c", remove=True)
    assert check_org(client, {}).problems == [
        f"the {owner}'s field Leadstream_Id__c has to be an external id and unique",
        f"the {owner}'s field Leadstream_Number__c takes 18 characters: it has to take 64 or more",
        f"the {owner}'s field Leadstream_Campaign__c is of type int: it has to be text (text, 255 characters)",
        f"the {owner} has no field Leadstream_Written__c: create it (long text area, 32,768 characters), and give "
        "the integration user read and edit access to it",
    ]


def test_a_field_of_ours_that_the_user_may_only_read_is_told(sandbox: SandboxClient, client: OrgClient) -> None:
    sandbox.post("field", sobject="Lead", name="Leadstream_Written__c", updateable=False)
    [problem] = check_org(client, {}).problems
    assert problem == (
        "the Lead's field Leadstream_Written__c may not be written by the integration user: give it edit access"
    )


def test_campaigns_and_their_statuses_are_looked_up(sandbox: SandboxClient, client: OrgClient) -> None:
    sandbox.post("edit", type="Campaign", id=AUTUMN, IsActive=False)
    account = definitions(
        campaigns=[
            campaign("spring", SPRING, "responded"),
            campaign("autumn", AUTUMN),
            campaign("lost", "701000000000000AAA"),
            campaign("empty", ""),
            campaign("again", SPRING[:15]),
        ]
    )
    report = check_org(client, {"acme": account})
    assert report.account_problems["acme"] == [
        "campaign empty: '' is no id of Salesforce (15 or 18)",
        f"campaign spring: {SPRING} has no member status 'responded' - one of: Sent, Responded",
        "campaign lost: there is no campaign 701000000000000AAA in Salesforce",
        f"campaign again: the Salesforce campaign {SPRING[:15]} is that of campaign spring, too: its revenue can "
        "count for one only",
    ]
    assert report.account_notes["acme"] == [f"campaign autumn: {AUTUMN} is not active"]


def test_a_campaign_of_another_account_of_the_org_is_refused_to_the_later_one(client: OrgClient) -> None:
    acme, beta = (definitions(campaigns=[campaign(name, SPRING)]) for name in ("spring", "launch"))
    report = check_org(client, {"beta": beta}, {"acme": acme})
    [problem] = report.account_problems["beta"]
    assert "is that of campaign spring of account acme, too" in problem
    assert "acme" not in report.account_problems


def test_accounts_with_orgs_of_their_own_may_name_the_same_campaign(sandbox: SandboxClient) -> None:
    entry = OrgEntry("emea", ("acme",), sandbox.connection())
    directory = OrgDirectory(sandbox.connection(), [entry])
    accounts = {
        "acme": definitions(campaigns=[campaign("a", SPRING)]),
        "beta": definitions(campaigns=[campaign("b", SPRING)]),
    }
    assert check_deployment(directory, accounts).problem_lines() == []
    both = OrgDirectory(sandbox.connection())
    [problem] = check_deployment(both, accounts).problem_lines()
    assert problem.startswith("beta: campaign b: the Salesforce campaign")


def test_with_several_orgs_a_line_begins_with_its_org(sandbox: SandboxClient) -> None:
    directory = OrgDirectory(sandbox.connection(), [OrgEntry("emea", ("acme",), sandbox.connection())])
    wrong = definitions({"Plan__c": {"property": "email"}})
    [line] = check_deployment(directory, {"acme": wrong}, all_orgs=True).problem_lines()
    assert line == "org emea: acme: lead_fields: the Lead has no field Plan__c that the integration user may see"


@pytest.mark.parametrize(
    ("assign", "problems", "notes"),
    [
        (True, [], ["assign: no assignment rule for Leads is active, so new Leads are nobody's but the user's"]),
        (
            "01Q000000000000AAA",
            ["assign: there is no assignment rule 01Q000000000000AAA for Leads in Salesforce"],
            [],
        ),
    ],
)
def test_an_assignment_rule_has_to_be_there(
    client: OrgClient, assign: bool | str, problems: list[str], notes: list[str]
) -> None:
    report = check_org(client, {"acme": definitions(assign=assign)})
    assert report.account_problems.get("acme", []) == problems
    assert report.account_notes.get("acme", []) == notes


def test_an_assignment_rule_that_is_there_is_fine(sandbox: SandboxClient, client: OrgClient) -> None:
    rule = sandbox.post("assignment_rule", name="Leads", owner="0055A000000000XQAQ")
    for assign in (True, rule["Id"], rule["Id"][:15]):
        report = check_org(client, {"acme": definitions(assign=assign)})
        assert (report.account_problems, report.account_notes) == ({}, {})


class _HidingClient(OrgClient):
    """Sees an org as a user does who may not see some objects, and not write others."""

    hidden: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()

    def describe_visible(self, sobjects: Iterable[str]) -> dict[str, dict[str, Any] | None]:
        described = super().describe_visible(sobjects)
        for name, document in described.items():
            if name in self.read_only and document is not None:
                document.update(createable=False, updateable=False)
        return {name: None if name in self.hidden else document for name, document in described.items()}


def hiding_report(sandbox: SandboxClient, account: Definitions | None = None, **flags: tuple[str, ...]) -> OrgReport:
    client = _HidingClient(sandbox.connection())
    for name, value in flags.items():
        setattr(client, name, value)
    return check_org(client, {} if account is None else {"acme": account})


def test_what_the_user_may_not_see_or_write_is_told_object_by_object(sandbox: SandboxClient) -> None:
    assert hiding_report(sandbox, hidden=("Lead", "Opportunity"), read_only=("CampaignMember",)).problems == [
        "the integration user may not see the object Lead: give it access (read, create, edit)",
        "the integration user may not create, edit records of CampaignMember: give it access",
        "the integration user may not see the object Opportunity: give it access (read)",
    ]


def test_contact_roles_are_needed_where_they_decide(sandbox: SandboxClient) -> None:
    hidden = ("OpportunityContactRole",)
    assert hiding_report(sandbox, definitions(), hidden=hidden).problems == []
    [problem] = hiding_report(sandbox, definitions(attribution="contact_roles"), hidden=hidden).problems
    assert problem == "the integration user may not see the object OpportunityContactRole: give it access (read)"


def test_a_version_that_the_org_does_not_serve_is_told_alone(sandbox: SandboxClient) -> None:
    [problem] = check_org(OrgClient(sandbox.connection(version="12.0")), {}).problems
    assert problem.startswith("the org does not serve version 12.0 of the API: it serves ")
    assert problem.endswith("; set LEADSTREAM_SALESFORCE_VERSION")


def test_a_check_takes_few_requests(sandbox: SandboxClient, client: OrgClient) -> None:
    check_org(client, {"acme": definitions()})
    calls = [
        each["path"].partition("/data/")[2].partition("/")[2].strip("/")
        for each in sandbox.requests("services/data/")
    ]
    assert calls == ["", "limits", "composite"]  # the versions, what is left of a day, every object


def test_a_version_without_composite_requests_is_checked_object_by_object(sandbox: SandboxClient) -> None:
    sandbox.post("object", sobject="Opportunity", visible=False)
    old, new = (check_org(OrgClient(sandbox.connection(version=each)), {}).problems for each in ("37.0", "62.0"))
    assert old == new == ["the integration user may not see the object Opportunity: give it access (read)"]
    assert len(sandbox.requests("v37.0/sobjects/")) == 6


def test_a_day_that_is_nearly_spent_is_a_note(sandbox: SandboxClient, client: OrgClient) -> None:
    check_org(client, {})
    used = client.usage.used
    assert used is not None
    sandbox.post("settings", daily_limit=2 * used + 1)
    notes = check_org(OrgClient(sandbox.connection()), {}).notes
    assert any(f"of {2 * used + 1} API requests are left of 24 hours" in note for note in notes)


def test_a_clock_that_is_wrong_is_a_note(sandbox: SandboxClient, client: OrgClient) -> None:
    sandbox.post("clock", advance=-600)
    notes = check_org(client, {}).notes
    assert any(note.startswith("this machine's clock is +") for note in notes)


def test_an_org_of_several_currencies_needs_none_from_us(sandbox: SandboxClient, client: OrgClient) -> None:
    sandbox.post("currencies", corporate="EUR", rates={"USD": 1.1})
    assert check_org(client, {}).note_lines() == []


def test_what_is_left_is_known_from_the_limits_at_the_start(sandbox: SandboxClient, client: OrgClient) -> None:
    client.check()
    usage = client.usage
    assert (usage.limit, usage.remaining) == (15_000, 15_000 - (usage.used or 0))
    assert usage.known_at is not None


def test_an_org_that_is_away_is_no_problem_of_the_definitions(sandbox: SandboxClient, client: OrgClient) -> None:
    sandbox.add_fault("html_503", path="services/data", times=-1)
    with pytest.raises(TransientFailure):
        check_org(client, {})

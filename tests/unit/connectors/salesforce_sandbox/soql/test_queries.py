"""Queries of the sandbox: it evaluates what it supports and refuses everything else."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.logins import OAuthClient
from connectors.salesforce_sandbox.org import Org
from connectors.salesforce_sandbox.records.people import CONTACT, LEAD
from connectors.salesforce_sandbox.records.sales import (
    CAMPAIGN,
    CAMPAIGN_MEMBER,
    OPPORTUNITY,
    OPPORTUNITY_CONTACT_ROLE,
)
from connectors.salesforce_sandbox.records.store import SandboxRow
from connectors.salesforce_sandbox.soql.execution import QueryResult, run_query
from connectors.salesforce_sandbox.soql.parser import parse_soql


@pytest.fixture
def org() -> Org:
    org = Org(OAuthClient("id", "secret"), {})
    for name, email in (("Ada", "ADA@example.com"), ("Bob", None), ("O'Neil", "o@example.com")):
        lead = org.store.insert(LEAD, {"LastName": name, "Company": "C", "Email": email})
        if name == "Bob":
            org.store.insert(CAMPAIGN_MEMBER, {"LeadId": lead["Id"]})
    return org


def run(org: Org, soql: str, **more: Any) -> QueryResult:
    return run_query(org.query_context(), parse_soql(soql), **more)


def records(org: Org, soql: str) -> list[SandboxRow]:
    """The rows as they are shown, without their attributes."""
    result = run(org, soql)
    shown = [result.show(row, "62.0") for row in result.rows]
    for row in shown:
        del row["attributes"]
    return shown


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("LastName = 'ada'", ["Ada"]),
        (r"LastName = 'O\'Neil'", ["O'Neil"]),
        ("Email = null", ["Bob"]),
        ("Email = 'ada@EXAMPLE.com'", ["Ada"]),
        ("Email IN ('ada@example.com', 'nobody@example.com')", ["Ada"]),
        ("Email IN ('ada@example.com', null)", ["Ada", "Bob"]),
        ("Email != null AND LastName != 'Ada'", ["O'Neil"]),
        ("LastName IN ('Ada', 'Bob')", ["Ada", "Bob"]),
        ("LastName NOT IN ('Ada', 'Bob')", ["O'Neil"]),
        ("Email LIKE '%@example.com'", ["Ada", "O'Neil"]),
        ("(LastName = 'Ada' OR LastName = 'Bob') AND NOT Email = null", ["Ada"]),
        ("Email = 'o@example.com' OR LastName = 'Bob'", ["Bob", "O'Neil"]),
        ("SystemModstamp >= 2020-01-01T00:00:00Z AND IsConverted = false", ["Ada", "Bob", "O'Neil"]),
        ("SystemModstamp < 2020-01-01T00:00:00Z", []),
        ("Id IN (SELECT LeadId FROM CampaignMember WHERE Lead.LastName = 'Bob')", ["Bob"]),
        ("Id NOT IN (SELECT LeadId FROM CampaignMember) AND LastName != 'Ada'", ["O'Neil"]),
    ],
)
def test_a_condition_selects(org: Org, where: str, names: list[str]) -> None:
    rows = records(org, f"SELECT LastName FROM Lead WHERE {where} ORDER BY LastName")
    assert [row["LastName"] for row in rows] == names


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("ORDER BY Email DESC, LastName LIMIT 2", ["O'Neil", "Ada"]),
        ("ORDER BY Email, LastName", ["Bob", "Ada", "O'Neil"]),
        ("ORDER BY Email NULLS LAST", ["Ada", "O'Neil", "Bob"]),
        ("ORDER BY LastName DESC LIMIT 1 OFFSET 1", ["Bob"]),
    ],
)
def test_order_limit_and_offset(org: Org, order: str, names: list[str]) -> None:
    assert [row["LastName"] for row in records(org, f"SELECT LastName FROM Lead {order}")] == names


def test_a_query_of_all_reads_deleted_rows_in_its_sub_select_too(org: Org) -> None:
    [bob] = run(org, "SELECT Id FROM Lead WHERE LastName = 'Bob'").rows
    [member] = run(org, "SELECT Id FROM CampaignMember").rows
    org.store.update(CAMPAIGN_MEMBER, member, {"IsDeleted": True})
    soql = "SELECT Id FROM Lead WHERE Id IN (SELECT LeadId FROM CampaignMember)"
    assert run(org, soql).rows == []
    assert run(org, soql, include_deleted=True).rows == [bob]


def test_a_field_goes_over_relationships(org: Org) -> None:
    contact = org.store.insert(CONTACT, {"LastName": "Ada", "Leadstream_Id__c": "default/ada"})
    campaign = org.store.insert(CAMPAIGN, {"Name": "Spring"})
    opportunity = org.store.insert(OPPORTUNITY, {"Name": "Engines", "CampaignId": campaign["Id"]})
    role = {"OpportunityId": opportunity["Id"], "ContactId": contact["Id"]}
    org.store.insert(OPPORTUNITY_CONTACT_ROLE, role)
    [row] = records(
        org,
        "SELECT IsPrimary, Contact.Leadstream_Id__c, Opportunity.Campaign.Name, Opportunity.Account.Name "
        "FROM OpportunityContactRole WHERE Contact.Leadstream_Id__c != null AND Opportunity.Campaign.Name = 'spring'",
    )
    assert row["Contact"]["Leadstream_Id__c"] == "default/ada"
    assert row["Contact"]["attributes"]["type"] == "Contact"
    assert row["Opportunity"]["Campaign"]["Name"] == "Spring"
    assert row["Opportunity"]["Account"] is None


@pytest.fixture
def sales(org: Org) -> Org:
    for amount, won in ((10.10, True), (20.20, True), (5.0, False), (None, False)):
        org.store.insert(OPPORTUNITY, {"Name": "O", "Amount": amount, "IsWon": won, "StageName": "Prospecting"})
    return org


def test_aggregates_sum_by_group_to_the_cent(sales: Org) -> None:
    soql = "SELECT IsWon, SUM(Amount) total, COUNT(Id) n, COUNT(Amount) FROM Opportunity GROUP BY IsWon"
    assert records(sales, soql) == [
        {"IsWon": False, "total": 5.0, "n": 2, "expr2": 1},
        {"IsWon": True, "total": 30.3, "n": 2, "expr2": 2},
    ]


def test_aggregates_without_a_group_have_one_row(sales: Org) -> None:
    soql = "SELECT MIN(Amount), MAX(Amount), AVG(Amount), COUNT_DISTINCT(StageName) stages FROM Opportunity"
    assert records(sales, soql) == [{"expr0": 5.0, "expr1": 20.2, "expr2": pytest.approx(35.3 / 3), "stages": 1}]
    assert records(sales, "SELECT SUM(Amount) FROM Opportunity WHERE Name = 'none'") == [{"expr0": None}]
    assert len(run(sales, "SELECT COUNT() FROM Opportunity").rows) == 4


@pytest.mark.parametrize(
    "query",
    [
        "",
        "SELECT FROM Lead",
        "SELECT Id Lead",
        "SELECT Id FROM Lead WHERE",
        "SELECT Id FROM Lead WHERE Email = 'a' AND LastName = 'b' OR LastName = 'c'",
        "SELECT Id FROM Lead WHERE Email ~ 'a'",
        "SELECT Id FROM Lead WHERE Email = 'unfinished",
        "SELECT Id FROM Lead WHERE Id IN (SELECT Id, Name FROM Lead)",
        "SELECT (SELECT Id FROM Contacts) FROM Account",
        "SELECT Id FROM Lead FOR UPDATE",
        "SELECT Id FROM Lead LIMIT 'two'",
    ],
)
def test_an_unsupported_query_is_refused(query: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_soql(query)
    assert refused.value.code == "MALFORMED_QUERY"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT Id FROM Lead WHERE Shoe = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE SystemModstamp > '2020-01-01'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Lead WHERE Id IN ('00Q5A0000000001AAA', '')", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Opportunity WHERE CampaignId != '7015A000000SPR1é'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Lead WHERE Email = 3", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Shoe.Name FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM Shoe", "INVALID_TYPE"),
        ("SELECT Id FROM Lead WHERE Id IN (SELECT Id FROM Shoe)", "INVALID_TYPE"),
        ("SELECT Id FROM Lead WHERE Id IN (SELECT Id FROM Lead)", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE Id IN (SELECT Status FROM CampaignMember)", "INVALID_FIELD"),
        ("SELECT Id FROM Lead WHERE Name = 'x' OR Id IN (SELECT LeadId FROM CampaignMember)", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE Id IN (SELECT LeadId FROM CampaignMember LIMIT 1)", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE Id IN (SELECT Lead.Id FROM CampaignMember)", "MALFORMED_QUERY"),
        ("SELECT Name, COUNT(Id) FROM Lead GROUP BY Company", "MALFORMED_QUERY"),
        ("SELECT SUM(Company) FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
    ],
)
def test_what_a_query_names_has_to_exist_and_to_fit(org: Org, query: str, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        run(org, query)
    assert refused.value.code == code


def test_three_queries_inside_a_condition_are_one_too_many(org: Org) -> None:
    inner = "Id IN (SELECT LeadId FROM CampaignMember)"
    assert len(run(org, f"SELECT Id FROM Lead WHERE {inner} AND {inner}").rows) == 1
    with pytest.raises(ApiError, match="Maximum 2 semi join"):
        run(org, f"SELECT Id FROM Lead WHERE {inner} AND {inner} AND {inner}")

"""Queries of the sandbox: it evaluates what it supports and refuses everything else."""

from __future__ import annotations

import pytest

from connectors.salesforce_sandbox.api_errors import ApiError
from connectors.salesforce_sandbox.org import OAuthClient, Org
from connectors.salesforce_sandbox.records.people import LEAD
from connectors.salesforce_sandbox.rest.query import run_query
from connectors.salesforce_sandbox.soql.parser import parse_soql


@pytest.fixture
def org() -> Org:
    org = Org(OAuthClient("id", "secret"), {})
    for name, email in (("Ada", "ADA@example.com"), ("Bob", None), ("O'Neil", "o@example.com")):
        org.store.insert(LEAD, {"LastName": name, "Company": "C", "Email": email})
    return org


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("LastName = 'ada'", ["Ada"]),
        (r"LastName = 'O\'Neil'", ["O'Neil"]),
        ("Email = null", ["Bob"]),
        ("Email != null AND LastName != 'Ada'", ["O'Neil"]),
        ("LastName IN ('Ada', 'Bob')", ["Ada", "Bob"]),
        ("LastName NOT IN ('Ada', 'Bob')", ["O'Neil"]),
        ("Email LIKE '%@example.com'", ["Ada", "O'Neil"]),
        ("(LastName = 'Ada' OR LastName = 'Bob') AND NOT Email = null", ["Ada"]),
        ("SystemModstamp >= 2020-01-01T00:00:00Z AND IsConverted = false", ["Ada", "Bob", "O'Neil"]),
    ],
)
def test_a_condition_selects(org: Org, where: str, names: list[str]) -> None:
    select = parse_soql(f"SELECT LastName FROM Lead WHERE {where} ORDER BY LastName")
    assert [row["LastName"] for row in run_query(LEAD, select, org.store.rows("Lead"))] == names


def test_order_and_limit(org: Org) -> None:
    select = parse_soql("SELECT Id FROM Lead ORDER BY Email DESC, LastName LIMIT 2")
    assert [row["LastName"] for row in run_query(LEAD, select, org.store.rows("Lead"))] == ["O'Neil", "Ada"]


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
        "SELECT SUM(Amount) FROM Opportunity GROUP BY CampaignId",
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
    ("where", "code"),
    [
        ("Shoe = 'x'", "INVALID_FIELD"),
        ("SystemModstamp > '2020-01-01'", "INVALID_FIELD"),
        ("Email = 3", "INVALID_FIELD"),
    ],
)
def test_a_field_has_to_exist_and_to_fit(org: Org, where: str, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        run_query(LEAD, parse_soql(f"SELECT Id FROM Lead WHERE {where}"), org.store.rows("Lead"))
    assert refused.value.code == code

"""Login, loss of the session, and the errors that an operator reads when Salesforce refuses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from connectors.salesforce.handover.descriptions import ObjectDescription, parse_description
from connectors.salesforce.handover.mapping import key_field_problems, misfits
from connectors.salesforce.org.auth import TokenProvider
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.errors import CircuitOpen, TransientFailure
from schemas.definitions import LeadField, Salesforce
from streams.errors import SalesforceRefused
from streams.settings import Settings
from tests.harness.salesforce.sandbox import SandboxClient

FIELDS = {
    "Company": LeadField(property="company", default="-"),
    "LastName": LeadField(property="last_name", default="-"),
}


def logins(sandbox: SandboxClient) -> int:
    return int(sandbox.get("counts")["logins"])


def test_a_refused_login_is_one_clear_line(sandbox: SandboxClient) -> None:
    with pytest.raises(SalesforceRefused) as refused:
        OrgClient(sandbox.connection(client_secret="wrong")).check()
    line = str(refused.value)
    assert "refuses the login (invalid_client: invalid client credentials)" in line
    assert "LEADSTREAM_SALESFORCE_CLIENT_SECRET" in line
    assert "\n" not in line
    assert refused.value.exit_code == 78


def test_an_org_that_does_not_answer_is_not_a_refusal() -> None:
    nobody = Connection("leadstream-sandbox.my", "leadstream", "leadstream", url="http://127.0.0.1:9")
    with pytest.raises(TransientFailure, match="does not answer the login"):
        OrgClient(nobody).check()


def test_an_expired_session_costs_one_login_for_all_threads(sandbox: SandboxClient, client: OrgClient) -> None:
    client.check()
    before = logins(sandbox)
    sandbox.post("settings", expire_tokens=True)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.check(), range(16)))
    assert logins(sandbox) == before + 1


def test_a_session_refused_right_after_the_login_opens_the_circuit(sandbox: SandboxClient) -> None:
    now = [1000.0]
    connection = sandbox.connection()
    client = OrgClient(connection, TokenProvider(connection, clock=lambda: now[0]))
    client.check()
    before = logins(sandbox)
    sandbox.add_fault("invalid_session", path="services/data", times=-1)
    for _ in range(3):
        with pytest.raises(CircuitOpen, match="right after the login"):
            client.check()
    assert logins(sandbox) == before + 1
    sandbox.post("reset")
    now[0] += 61
    client.check()
    assert logins(sandbox) == before + 2


def test_amounts_are_exact(client: OrgClient) -> None:
    record = {"attributes": {"type": "Opportunity"}, "Name": "x", "StageName": "New", "CloseDate": "2026-01-01"}
    client.write_collection("POST", "composite/sobjects", [{**record, "Amount": 0.1}])
    assert [row["Amount"] for row in client.query_all("SELECT Amount FROM Opportunity")] == [Decimal("0.1")]


def test_a_result_of_many_pages_is_read_whole(sandbox: SandboxClient, client: OrgClient) -> None:
    records = [{"attributes": {"type": "Account"}, "Name": f"a{number}"} for number in range(25)]
    client.write_collection("POST", "composite/sobjects", records)
    sandbox.post("settings", page_size=7)
    rows = client.query_all("SELECT Name FROM Account ORDER BY Name")
    assert len({row["Name"] for row in rows}) == len(rows) == 25


def test_a_list_too_long_for_a_url_is_queried_in_portions(sandbox: SandboxClient, client: OrgClient) -> None:
    assert client.query_in_batches("SELECT Id FROM Lead WHERE Email IN {}", ["x" * 80] * 200) == []
    assert len(sandbox.requests("queryAll")) > 1


def described_lead(client: OrgClient) -> ObjectDescription:
    return parse_description(client.describe("Lead"))


def test_a_good_mapping_has_no_problems(client: OrgClient) -> None:
    assert misfits(Salesforce(lead_fields=FIELDS), described_lead(client), client.connection) == []
    assert key_field_problems(described_lead(client), client.connection) == []


def test_a_mapping_is_checked_against_the_org(client: OrgClient) -> None:
    fields = {
        "email": LeadField(property="email"),
        "IsConverted": LeadField(value=True),
        "LastName": FIELDS["LastName"],
    }
    assert misfits(Salesforce(lead_fields=fields), described_lead(client), client.connection) == [
        "the integration user may not write IsConverted",
        "the Lead has no field email (there is Email)",
        "the Lead needs Company: map it, with a default",
    ]


def test_missing_fields_of_the_org_are_named(sandbox: SandboxClient) -> None:
    connection = sandbox.connection(external_id_field="Other_Id__c")
    described = described_lead(OrgClient(connection))
    assert any("has no field Other_Id__c" in each for each in key_field_problems(described, connection))


def test_the_settings_that_are_missing_are_named() -> None:
    with pytest.raises(SalesforceRefused, match="LEADSTREAM_SALESFORCE_DOMAIN, LEADSTREAM_SALESFORCE_CLIENT_ID"):
        Connection.from_settings(Settings(salesforce_url=None, salesforce_domain=None, salesforce_client_id=None))


def test_a_secret_is_sent_over_plain_http_to_this_machine_only() -> None:
    with pytest.raises(SalesforceRefused, match="plain http"):
        Connection.from_settings(Settings(salesforce_url="http://sandbox.example:8090"))


def test_the_shared_login_domain_is_refused() -> None:
    with pytest.raises(SalesforceRefused, match="My Domain"):
        Connection("login", "id", "secret")

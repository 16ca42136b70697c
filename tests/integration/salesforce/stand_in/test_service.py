"""The stand-in as a service: logins by certificate, versions, limits, currencies, outages and faults by chance."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from tests.harness.salesforce.sandbox import SPRING, OrgApi, SandboxClient

ADA = {"LastName": "Ada", "Company": "Engines"}
KEY = "Leadstream_Id__c"
USER = "integration@acme.example"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def api(sandbox: SandboxClient) -> OrgApi:
    return OrgApi(sandbox)


@pytest.fixture(scope="module")
def private_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=2048)


@pytest.fixture(scope="module")
def other_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=2048)


@pytest.fixture
def certificate(sandbox: SandboxClient, private_key: RSAPrivateKey) -> str:
    encoding, kind = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    pem = private_key.public_key().public_bytes(encoding, kind).decode()
    sandbox.post("certificate", public_key=pem, username=USER)
    return pem


def log_in(sandbox: SandboxClient, key: RSAPrivateKey, **claims: Any) -> requests.Response:
    now = int(sandbox.server_time().timestamp())
    given = {"iss": "leadstream", "sub": USER, "aud": "https://login.salesforce.com", "exp": now + 180, **claims}
    form = {"grant_type": JWT_BEARER, "assertion": jwt.encode(given, key, algorithm="RS256")}
    return requests.post(f"{sandbox.url}/services/oauth2/token", data=form, timeout=5)


@pytest.mark.usefixtures("certificate")
def test_a_signed_assertion_gives_a_token_that_works(sandbox: SandboxClient, private_key: RSAPrivateKey) -> None:
    token = log_in(sandbox, private_key).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{sandbox.url}/services/data/v62.0/limits", headers=headers, timeout=5).ok


@pytest.mark.usefixtures("certificate")
@pytest.mark.parametrize(
    ("claims", "error", "description"),
    [
        ({"iss": "somebody"}, "invalid_client_id", "client identifier invalid"),
        ({"aud": "https://test.salesforce.com"}, "invalid_grant", "audience is invalid"),
        ({"sub": "somebody@acme.example"}, "invalid_grant", "user hasn't approved this consumer"),
        ({"exp": int(time.time()) - 60}, "invalid_grant", "expired authorization code"),
        ({"exp": int(time.time()) + 3600}, "invalid_grant", "invalid assertion"),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(
    sandbox: SandboxClient, private_key: RSAPrivateKey, claims: dict[str, Any], error: str, description: str
) -> None:
    answer = log_in(sandbox, private_key, **claims)
    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}


@pytest.mark.usefixtures("certificate")
def test_another_key_signs_in_vain(sandbox: SandboxClient, other_key: RSAPrivateKey) -> None:
    assert log_in(sandbox, other_key).json()["error_description"] == "invalid assertion"


def test_a_test_org_and_a_user_without_approval(
    sandbox: SandboxClient, private_key: RSAPrivateKey, certificate: str
) -> None:
    sandbox.post("certificate", public_key=certificate, username=USER, test_org=True)
    assert log_in(sandbox, private_key, aud="https://test.salesforce.com").ok
    sandbox.post("certificate", public_key=certificate, username=USER, approved=False)
    assert log_in(sandbox, private_key).json()["error_description"] == "user hasn't approved this consumer"


@pytest.mark.parametrize(
    ("version", "status", "code"),
    [("68.0", 404, "NOT_FOUND"), ("62", 404, "NOT_FOUND"), ("30.0", 410, "UNSUPPORTED_API_VERSION")],
)
def test_a_version_that_the_org_does_not_have_is_not_served(
    sandbox: SandboxClient, version: str, status: int, code: str
) -> None:
    assert OrgApi(sandbox, version).refusal("GET", "limits")[:2] == (status, code)


def test_addresses_keep_the_version_of_the_request(sandbox: SandboxClient) -> None:
    api = OrgApi(sandbox, "59.0")
    created = api("POST", "sobjects/Lead", ADA)
    assert created.headers["Location"] == f"/services/data/v59.0/sobjects/Lead/{created.json()['id']}"
    [row] = api.query("SELECT Id FROM Lead")
    assert row["attributes"]["url"] == created.headers["Location"]


def test_the_daily_limit_counts_the_last_24_hours_of_the_orgs_clock(sandbox: SandboxClient, api: OrgApi) -> None:
    sandbox.post("settings", daily_limit=2)
    assert api("GET", "limits").headers["Sforce-Limit-Info"] == "api-usage=1/2"
    assert api("GET", "limits").json()["DailyApiRequests"] == {"Max": 2, "Remaining": 0}
    assert api.refusal("GET", "limits") == (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    sandbox.post("clock", advance=86_401)
    assert api("GET", "limits").headers["Sforce-Limit-Info"] == "api-usage=1/2"


def test_an_outage_lasts_until_the_orgs_clock_has_passed_it(sandbox: SandboxClient, api: OrgApi) -> None:
    sandbox.post("outage", seconds=3600)
    assert api("GET", "limits").status_code == 503
    assert requests.post(f"{sandbox.url}/services/oauth2/token", timeout=5).status_code == 503
    sandbox.post("clock", advance=3601)
    assert api("GET", "limits").ok


def test_latency_delays_every_request(sandbox: SandboxClient, api: OrgApi) -> None:
    sandbox.post("settings", latency_ms=80)
    started = time.monotonic()
    api("GET", "limits")
    assert time.monotonic() - started >= 0.08


def lock_failures(sandbox: SandboxClient, seed: int) -> list[int]:
    """The positions of the records of a collection that a fault by chance hit."""
    sandbox.post("reset")
    sandbox.add_fault("lock_record", times=-1, probability=0.2, seed=seed)
    records = [{"attributes": {"type": "Lead"}, **ADA, KEY: str(number)} for number in range(100)]
    answer = OrgApi(sandbox)("PATCH", f"composite/sobjects/Lead/{KEY}", {"records": records}).json()
    return [position for position, result in enumerate(answer) if not result["success"]]


def test_faults_by_chance_hit_the_same_records_again_for_the_same_seed(sandbox: SandboxClient) -> None:
    first = lock_failures(sandbox, 7)
    assert 5 < len(first) < 40
    assert lock_failures(sandbox, 7) == first
    assert lock_failures(sandbox, 8) != first


def test_one_record_fails_with_the_error_that_is_ordered(sandbox: SandboxClient, api: OrgApi) -> None:
    sandbox.add_fault("record_error", key="default/bob", times=-1, code="UNKNOWN_EXCEPTION", message="ErrorId: 1")
    records = [{"attributes": {"type": "Lead"}, **ADA, KEY: f"default/{name}"} for name in ("ada", "bob")]
    ada, bob = api("PATCH", f"composite/sobjects/Lead/{KEY}", {"records": records}).json()
    assert ada["success"]
    assert bob["errors"] == [{"statusCode": "UNKNOWN_EXCEPTION", "message": "ErrorId: 1", "fields": []}]
    assert api.refusal("PATCH", f"sobjects/Lead/{KEY}/default%2Fbob", ADA)[1] == "UNKNOWN_EXCEPTION"


def test_a_membership_fails_by_its_person(sandbox: SandboxClient, api: OrgApi) -> None:
    lead = api.create("Lead", **ADA)
    sandbox.add_fault("lock_record", path="composite", key=lead)
    member = {"attributes": {"type": "CampaignMember"}, "CampaignId": SPRING, "LeadId": lead}
    [result] = api("POST", "composite/sobjects", {"records": [member]}).json()
    assert result["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"


def test_a_request_fails_with_the_error_that_is_ordered(sandbox: SandboxClient, api: OrgApi) -> None:
    sandbox.add_fault("request_error", path="/query", code="QUERY_TIMEOUT", message="too slow", status=400)
    assert api.refusal("GET", "query", q="SELECT Id FROM Lead") == (400, "QUERY_TIMEOUT", "too slow")
    assert api("GET", "query", q="SELECT Id FROM Lead").ok


def test_an_org_gets_several_currencies(sandbox: SandboxClient, api: OrgApi) -> None:
    sale = {"Name": "O", "StageName": "Closed Won", "CloseDate": "2026-12-01"}
    euros = api.create("Opportunity", **sale, Amount=100)
    assert "CurrencyIsoCode" not in api.row("Opportunity", euros)
    sandbox.post("currencies", corporate="EUR", rates={"USD": 1.25})
    assert api.row("Opportunity", euros)["CurrencyIsoCode"] == "EUR"
    api.create("Opportunity", **sale, Amount=50, CurrencyIsoCode="USD")
    code = api.refusal("POST", "sobjects/Opportunity", {**sale, "CurrencyIsoCode": "DM"})[1]
    assert code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert [row["IsoCode"] for row in api.query("SELECT IsoCode FROM CurrencyType")] == ["EUR", "USD"]


def test_a_sum_is_in_the_orgs_own_currency_whatever_the_group(sandbox: SandboxClient, api: OrgApi) -> None:
    sandbox.post("currencies", corporate="EUR", rates={"USD": 1.25})
    sale = {"Name": "O", "StageName": "Closed Won", "CloseDate": "2026-12-01"}
    for amount, currency in ((100, "EUR"), (50, "USD")):
        api.create("Opportunity", **sale, Amount=amount, CurrencyIsoCode=currency)
    rows = api.query("SELECT CurrencyIsoCode, SUM(Amount) total FROM Opportunity GROUP BY CurrencyIsoCode")
    assert {row["CurrencyIsoCode"]: row["total"] for row in rows} == {"EUR": 100.0, "USD": 40.0}


def test_a_part_of_a_composite_request_uses_what_an_earlier_one_gave(sandbox: SandboxClient, api: OrgApi) -> None:
    base = "/services/data/v62.0/sobjects"
    parts = [
        {"method": "POST", "url": f"{base}/Lead", "referenceId": "lead", "body": ADA},
        {
            "method": "POST",
            "url": f"{base}/CampaignMember",
            "referenceId": "member",
            "body": {"CampaignId": SPRING, "LeadId": "@{lead.id}"},
        },
    ]
    before = len(sandbox.requests())
    results = api("POST", "composite", {"compositeRequest": parts}).json()["compositeResponse"]
    assert [result["httpStatusCode"] for result in results] == [201, 201]
    [member] = sandbox.live_records("CampaignMember")
    assert member["LeadId"] == results[0]["body"]["id"]
    assert len(sandbox.requests()) == before + 1


def test_a_misspelt_setting_access_or_type_is_refused(sandbox: SandboxClient) -> None:
    for name, body, words in (
        ("settings", {"daily_limits": 1}, "daily_limits"),
        ("restrict", {"id": "x", "access": "some"}, "some"),
        ("field", {"sobject": "Lead", "name": "A__c", "type": "text"}, "text"),
        ("duplicate_rule", {"action": "stop"}, "stop"),
        ("validation_rule", {"sobject": "Lead", "when": "Country =", "message": "m"}, "unexpected end"),
    ):
        answer = requests.post(f"{sandbox.url}/__sandbox__/{name}", json=body, timeout=5)
        assert answer.status_code == 400
        assert words in answer.json()[0]["message"]

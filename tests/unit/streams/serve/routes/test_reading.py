"""What is read: from the read models and the definitions together."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.harness.serve.api import serving

API = "/api/v1"


async def test_segments_are_those_of_the_definitions_with_their_sizes() -> None:
    async with serving() as (_, client):
        answer = (await client.get(f"{API}/segments")).json()
    rows = [(each["segment"], each["kind"], each["members"], each["defined"]) for each in answer["segments"]]
    assert rows == [("german", "dynamic", 2, True), ("vip", "static", 0, True), ("former", "dynamic", 1, False)]
    assert answer["release"] == 1


@pytest.mark.parametrize("name", ["segments", "campaigns"])
async def test_an_account_without_definitions_has_none_of_them(name: str) -> None:
    async with serving() as (api, client):
        api.views.is_empty = True
        answer = await client.get(f"{API}/{name}?account=acme")
    assert (answer.status_code, answer.json()) == (200, {"release": 0, name: []})


@pytest.mark.parametrize(("account", "word"), [("acme", "one of: default"), ("defualt", "did you mean default?")])
async def test_an_account_without_definitions_is_told_which_ones_have_some(account: str, word: str) -> None:
    async with serving() as (_, client):
        answer = await client.get(f"{API}/definitions?account={account}")
    assert answer.status_code == 404
    assert word in answer.json()["detail"]


async def test_a_segment_has_its_condition() -> None:
    async with serving() as (_, client):
        german = (await client.get(f"{API}/segments/german")).json()
        vip = (await client.get(f"{API}/segments/vip")).json()
    assert (german["when"], german["members"], german["statuses"]) == (
        {"property": "country", "eq": "DE"},
        2,
        ["active"],
    )
    assert vip["when"] is None


async def test_campaigns_have_leads_and_those_that_are_defined_no_more_have_too() -> None:
    async with serving() as (_, client):
        answer = (await client.get(f"{API}/campaigns")).json()
        details = (await client.get(f"{API}/campaigns/spring")).json()
    assert [(each["campaign"], each["defined"]) for each in answer["campaigns"]] == [
        ("spring", True),
        ("winter", False),
    ]
    assert details["funnel"]["won"] == 0
    assert details["definition"]["audience"] == ["german"]


@pytest.mark.parametrize("name", ["ada", "a/b%2F"])
async def test_a_contact_is_found_whatever_its_id_is_made_of(name: str) -> None:
    async with serving() as (_, client):
        response = await client.get(f"{API}/contacts/{quote(name, safe='')}")
    assert response.json()["contact"] == name


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("contacts/bob", 404),
        ("contacts/a%00b", 422),
        ("contacts/" + "x" * 256, 422),
        ("contacts/%ff", 400),
        ("contacts/ada/why", 422),
        ("contacts/ada/why?segment=vip&campaign=spring", 422),
        ("contacts/ada/why?segment=vip&at=2026-13-01T00:00:00Z", 422),
        ("contacts/ada/why?segment=vip&at=today", 422),
        ("contacts/ada/why?segment=vip&at=0001-01-01T00:00:00%2B14:00", 422),
        ("segments/nope", 404),
        ("segments/nope/members", 404),
        ("segments/nope/sizes", 404),
        ("segments/vip/members", 200),
        ("segments/german/members?cursor=nonsense", 400),
        ("segments/german/members?limit=0", 422),
        ("segments/german/members?limit=1001", 422),
        ("segments/german/sizes?step=day", 422),
        ("segments?account=a%20b", 422),
        ("segments/vip?account=acme", 404),
        ("campaigns/nope", 404),
        ("campaigns/winter", 200),
        ("changes?segment=vip&campaign=spring", 422),
        ("changes?after=nonsense", 422),
        ("nope", 404),
    ],
)
async def test_what_is_asked_wrongly_is_told_what_is_wrong(path: str, status: int) -> None:
    async with serving() as (_, client):
        response = await client.get(f"{API}/{path}")
    assert response.status_code == status
    if status != 200:
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["status"] == status
        assert response.json()["detail"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("segments", "GET, HEAD"), ("events", "POST"), ("segments/add", "POST"), ("segments/remove", "POST")],
)
async def test_another_method_is_told_which_ones_there_are(path: str, allowed: str) -> None:
    async with serving() as (_, client):
        response = await client.put(f"{API}/{path}", json={})
    assert (response.status_code, response.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("text", ["nonsense", "1", "1-x", "-1-0", "1-0x"])
async def test_a_position_that_is_none_is_refused(text: str) -> None:
    async with serving() as (_, client):
        response = await client.get(f"{API}/changes/stream", headers={"Last-Event-ID": text})
    assert response.status_code == 422

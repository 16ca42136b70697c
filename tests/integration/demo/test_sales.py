"""The demo's sales people work on the leads of the sandbox org."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.salesforce_sandbox.server import SandboxServer
from streams.demo.sales import SalesSimulator
from streams.demo.traffic import DAY

CAMPAIGN = "701000000000001AAA"
START = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)


def rows(org: SandboxServer, name: str) -> list[dict[str, Any]]:
    return list(org.org.store.rows(name))


async def org_after(days: int, leads: int) -> SandboxServer:
    """Returns the org after `days` simulated days; all `leads` came in on the first day."""
    async with (
        SandboxServer(campaigns={CAMPAIGN: "Spring trial"}) as org,
        SalesSimulator(org.url, lambda: START) as sales,
    ):
        await sales.run_round(START)
        schema = org.org.schema
        for number in range(leads):
            lead = org.org.store.insert(schema["Lead"], {"LastName": f"L{number}", "Company": "Acorn"})
            org.org.store.insert(schema["CampaignMember"], {"LeadId": lead["Id"], "CampaignId": CAMPAIGN})
        for day in range(1, days + 1):
            await sales.run_round(START + day * DAY)
        return org


async def test_the_org_lives_in_simulated_time() -> None:
    org = await org_after(days=1, leads=1)
    assert rows(org, "Lead")[0]["CreatedDate"].startswith("2026-03-02T00:00")
    assert abs(org.org.store.now().timestamp() * 1000 - (START + DAY)) < 60_000


async def test_some_leads_become_opportunities_of_their_campaign_and_are_won_or_lost() -> None:
    org = await org_after(days=20, leads=60)
    converted = [lead for lead in rows(org, "Lead") if lead["IsConverted"]]
    assert 20 < len(converted) < 55
    opportunities = rows(org, "Opportunity")
    assert len(opportunities) == len(converted)
    assert {each["CampaignId"] for each in opportunities} == {CAMPAIGN}
    stages = [each["StageName"] for each in opportunities]
    assert stages.count("Closed Won") > 5
    assert stages.count("Closed Lost") > 5
    assert all(each["Amount"] >= 2_000 for each in opportunities)


async def test_nothing_is_decided_before_its_time() -> None:
    org = await org_after(days=0, leads=30)
    assert [lead for lead in rows(org, "Lead") if lead["IsConverted"]] == []


async def test_what_sales_type_is_looked_at_again_after_each_later_hand_over() -> None:
    seen: list[tuple[str, str]] = []
    async with (
        SandboxServer(campaigns={CAMPAIGN: "Spring trial"}) as org,
        SalesSimulator(org.url, lambda: START, lambda event, typed: seen.append((event, typed.contact))) as sales,
    ):
        await sales.run_round(START)
        lead = org.org.schema["Lead"]
        for number in range(40):
            values = {"LastName": "L", "Company": "Acorn", "Title": "CTO", "Leadstream_Number__c": "0/1/0"}
            org.org.store.insert(lead, {**values, "Leadstream_Id__c": f"default/c-{number}"})
        await sales.run_round(START + DAY // 3)
        typed = {contact for event, contact in seen if event == "typed"}
        assert 8 < len(typed) < 32
        await sales.run_round(START + DAY // 3)
        assert len(seen) == len(typed), "nothing was handed over since"
        lost = min(typed)
        for row in rows(org, "Lead"):
            former = {"Company": "Acorn", "Title": "CTO"} if row["Leadstream_Id__c"] == f"default/{lost}" else {}
            org.org.store.update(lead, row, {"Leadstream_Number__c": "0/2/0", **former})
        await sales.run_round(START + DAY // 3)
    assert [contact for event, contact in seen if event == "overwritten"] == [lost]
    assert {contact for event, contact in seen if event == "kept"} == typed - {lost}

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

"""A query of a big org looks at the rows that an index names, and at no others."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import pytest

from connectors.salesforce_sandbox.logins import OAuthClient
from connectors.salesforce_sandbox.org import Org
from connectors.salesforce_sandbox.records.people import LEAD
from connectors.salesforce_sandbox.records.sales import CAMPAIGN, OPPORTUNITY
from connectors.salesforce_sandbox.soql.parser import parse_condition
from connectors.salesforce_sandbox.soql.planning import candidate_ids
from connectors.salesforce_sandbox.soql.syntax import Select

ROWS = 1_000
NEW = "2026-06-01T00:00:00Z"


@pytest.fixture(scope="module")
def org() -> Org:
    """An org with 1,000 old opportunities, of which every hundredth is on a campaign, and one new one."""
    org = Org(OAuthClient("id", "secret"), {})
    org.store.set_clock(datetime(2026, 1, 1, tzinfo=UTC))
    campaign = org.store.insert(CAMPAIGN, {"Name": "Spring"}, "7015A000000SPR1QAO")["Id"]
    for number in range(ROWS):
        on_campaign = campaign if number % 100 == 0 else None
        org.store.insert(OPPORTUNITY, {"Name": f"O{number}", "CampaignId": on_campaign})
    org.store.set_clock(datetime(2026, 6, 2, tzinfo=UTC))
    new = org.store.insert(OPPORTUNITY, {"Name": "new"}, "0065A00000NEW01AAA")["Id"]
    org.store.insert(LEAD, {"LastName": "Ada", "ConvertedOpportunityId": new, "Leadstream_Id__c": "default/ada"})
    return org


def candidates(org: Org, condition: str) -> Collection[str] | None:
    def sub_select(select: Select) -> Collection[str]:
        return {row["ConvertedOpportunityId"] for row in org.store.rows(select.sobject)}

    return candidate_ids(org.query_context(), OPPORTUNITY, parse_condition(condition), sub_select)


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("CampaignId = '7015A000000SPR1'", 10),
        ("CampaignId IN ('7015A000000SPR1QAO', '7015A000000AUT1QAO')", 10),
        ("Id = '0065A00000NEW01AAA'", 1),
        ("Name = 'o7'", 1),
        (f"SystemModstamp >= {NEW}", 1),
        (f"SystemModstamp > {NEW} AND SystemModstamp <= 2026-06-03T00:00:00Z", 1),
        (f"IsDeleted = false AND (CampaignId = '7015A000000SPR1QAO' AND SystemModstamp < {NEW})", 10),
        (f"CampaignId = '7015A000000SPR1QAO' AND SystemModstamp >= {NEW}", 1),
        ("Id IN (SELECT ConvertedOpportunityId FROM Lead WHERE Leadstream_Id__c != null)", 1),
    ],
)
def test_a_condition_names_few_rows(org: Org, condition: str, count: int) -> None:
    found = candidates(org, condition)
    assert found is not None
    assert len(found) == count


@pytest.mark.parametrize(
    "condition",
    [
        "Amount > 10",
        "CampaignId = null",
        "CampaignId != '7015A000000SPR1QAO'",
        "CampaignId = '7015A000000SPR1QAO' OR Amount > 10",
        f"NOT SystemModstamp >= {NEW}",
        "Campaign.Name = 'Spring'",
    ],
)
def test_other_conditions_need_all_rows(org: Org, condition: str) -> None:
    assert candidates(org, condition) is None

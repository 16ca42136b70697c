"""API usage is told org by org; what an org has not said is not told."""

from __future__ import annotations

from agents.crm.usage_report import usage_values
from connectors.salesforce.org.usage import ApiUsage
from streams.metrics import catalog


def test_each_org_has_its_own_values() -> None:
    own, emea = ApiUsage(lambda: 7.0), ApiUsage()
    own.set_limit(14_000, 15_000)
    emea.count_no_answer()
    values = {(each.metric, *each.labels): each.value for each in usage_values({"": own, "emea": emea})}
    assert values[catalog.SALESFORCE_LEFT.name, "default"] == 1_000
    assert values[catalog.SALESFORCE_LIMIT.name, "default"] == 15_000
    assert values[catalog.SALESFORCE_LIMIT_KNOWN.name, "default"] == 7.0
    assert values[catalog.SALESFORCE_CALLS.name, "default", "no_answer"] == 0
    assert values[catalog.SALESFORCE_CALLS.name, "emea", "no_answer"] == 1
    assert (catalog.SALESFORCE_LEFT.name, "emea") not in values

"""Whether an org is ready: the login, its fields, the mappings, the campaigns that definitions name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.salesforce.client import OrgClient
from connectors.salesforce.mapping import DEFAULT_LEAD_FIELDS, mapping_problems
from schemas.definitions import Definitions


def check_org(org: OrgClient, accounts: Mapping[str, Definitions]) -> list[str]:
    """What is wrong, one sentence each. Raises SalesforceRefused and SalesforceUnavailable for the login."""
    described = org.describe("Lead")
    found = []
    if not accounts:
        found.extend(mapping_problems(DEFAULT_LEAD_FIELDS, described, org.connection))
    for name, definitions in accounts.items():
        own = definitions.salesforce.lead_fields if definitions.salesforce else {}
        found.extend(
            f"{name}: {each}" for each in mapping_problems(own or DEFAULT_LEAD_FIELDS, described, org.connection)
        )
        found.extend(f"{name}: {each}" for each in _campaign_problems(org, definitions))
    return found


def _campaign_problems(org: OrgClient, definitions: Definitions) -> Iterable[str]:
    named = {each.salesforce.campaign: each.id for each in definitions.campaigns if each.salesforce is not None}
    rows = org.query_in_batches("SELECT Id FROM Campaign WHERE IsDeleted = false AND Id IN {}", sorted(named))
    # Ids of 15 characters are the beginning of those of 18.
    known = {str(row["Id"])[:15] for row in rows}
    for crm_id, campaign in named.items():
        if crm_id[:15] not in known:
            yield f"campaign {campaign}: there is no campaign {crm_id} in Salesforce"

"""Checks whether an org is ready: the login, its fields, the mappings, and the campaigns of the definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.salesforce.handover.mapping import DEFAULT_LEAD_FIELDS, mapping_problems
from connectors.salesforce.org.client import OrgClient
from schemas.definitions import Definitions


def check_org(org: OrgClient, accounts: Mapping[str, Definitions]) -> list[str]:
    """Returns one sentence for each problem. Raises SalesforceRefused and SalesforceUnavailable for the login."""
    description = org.describe("Lead")
    problems = []
    if not accounts:
        problems.extend(mapping_problems(DEFAULT_LEAD_FIELDS, description, org.connection))
    for name, definitions in accounts.items():
        lead_fields = (definitions.salesforce and definitions.salesforce.lead_fields) or DEFAULT_LEAD_FIELDS
        problems.extend(f"{name}: {each}" for each in mapping_problems(lead_fields, description, org.connection))
        problems.extend(f"{name}: {each}" for each in _campaign_problems(org, definitions))
    return problems


def _campaign_problems(org: OrgClient, definitions: Definitions) -> Iterable[str]:
    crm_ids = {each.salesforce.campaign: each.id for each in definitions.campaigns if each.salesforce is not None}
    rows = org.query_in_batches("SELECT Id FROM Campaign WHERE IsDeleted = false AND Id IN {}", sorted(crm_ids))
    # An id of 15 characters is the beginning of that of 18.
    existing = {str(row["Id"])[:15] for row in rows}
    for crm_id, campaign in crm_ids.items():
        if crm_id[:15] not in existing:
            yield f"campaign {campaign}: there is no campaign {crm_id} in Salesforce"

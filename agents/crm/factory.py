"""Puts the CRM's parts together from the settings."""

from __future__ import annotations

from collections.abc import Callable

from agents.crm.backoff import Waits
from agents.crm.handover_consumer import CrmConsumer
from agents.crm.opportunity_poller import OpportunityPoller
from connectors.salesforce.client import OrgClient
from connectors.salesforce.connection import Connection
from connectors.salesforce.delivery import Delivery, MappingOf, Patience
from connectors.salesforce.mapping import DEFAULT_LEAD_FIELDS, LeadFields
from connectors.salesforce.opportunities import Poll
from schemas.definitions import Definitions
from streams.settings import Settings


def crm_parts(
    settings: Settings,
    mapping: MappingOf,
    *,
    waits: Waits | None = None,
    patience: Patience | None = None,
) -> tuple[CrmConsumer, OpportunityPoller]:
    """The hand-overs and the poll, over one login. Raises SalesforceRefused where the settings name no org."""
    org = OrgClient(Connection.of(settings))
    consumer = CrmConsumer(settings, Delivery(org, mapping, patience), waits=waits)
    return consumer, OpportunityPoller(settings, Poll(org, currency=settings.salesforce_currency), waits=waits)


def mapping_in_force(definitions: Callable[[str], Definitions | None]) -> MappingOf:
    """The `lead_fields` of an account by its definitions in force; the default ones where it has none."""

    def mapping(account: str) -> LeadFields:
        found = definitions(account)
        if found is None or found.salesforce is None or not found.salesforce.lead_fields:
            return DEFAULT_LEAD_FIELDS
        return found.salesforce.lead_fields

    return mapping

"""Builds the CRM process's parts from the settings."""

from __future__ import annotations

from collections.abc import Callable

from agents.crm.backoff import Backoff
from agents.crm.handover_consumer import HandOverConsumer
from agents.crm.opportunity_poller import OpportunityPoller
from connectors.salesforce.handover.delivery import Delivery, MappingProvider, RetryPolicy
from connectors.salesforce.handover.mapping import DEFAULT_LEAD_FIELDS, LeadFields
from connectors.salesforce.opportunities.poll import OpportunityPoll
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.usage import ApiUsage
from streams.engine.releases.release_log import Release
from streams.settings import Settings


def build_crm(
    settings: Settings,
    mapping: MappingProvider,
    *,
    backoff: Backoff | None = None,
    patience: RetryPolicy | None = None,
    usage: ApiUsage | None = None,
) -> tuple[HandOverConsumer, OpportunityPoller]:
    """The hand-over consumer and the poller; both share one login, and `usage` counts their calls.

    Raises SalesforceRefused when no org is set.
    """
    org = OrgClient(Connection.from_settings(settings), usage=usage)
    consumer = HandOverConsumer(settings, Delivery(org, mapping, patience), mapping=mapping, backoff=backoff)
    return consumer, OpportunityPoller(
        settings, OpportunityPoll(org, currency=settings.salesforce_currency), backoff=backoff
    )


def active_mapping(latest: Callable[[str], Release | None]) -> MappingProvider:
    """The `lead_fields` of an account by its latest release; the default ones where it has none."""

    def mapping(account: str) -> LeadFields:
        release = latest(account)
        salesforce = release.definitions.salesforce if release is not None else None
        if salesforce is None or not salesforce.lead_fields:
            return DEFAULT_LEAD_FIELDS
        return salesforce.lead_fields

    return mapping

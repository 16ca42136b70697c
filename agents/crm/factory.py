"""Builds the CRM process's parts from the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agents.crm.backoff import Backoff
from agents.crm.handover_consumer import HandOverConsumer
from agents.crm.opportunities.pollers import OpportunityPollers
from agents.crm.org_deliveries import OrgDeliveries
from connectors.salesforce.handover.delivery import Delivery, MappingProvider, RetryPolicy, TimeZoneProvider, utc
from connectors.salesforce.org.directory import OrgDirectory
from schemas.definitions import Salesforce
from streams.engine.releases.release_log import Release
from streams.settings import Settings


def build_crm(
    settings: Settings,
    mapping: MappingProvider,
    *,
    backoff: Backoff | None = None,
    patience: RetryPolicy | None = None,
    directory: OrgDirectory | None = None,
    releases: Callable[[], Iterable[Release]] = tuple,
    time_zone: TimeZoneProvider = utc,
) -> tuple[HandOverConsumer, OpportunityPollers]:
    """The hand-over consumer and the pollers of all orgs; those of an org share its client, login and usage.

    `releases` say whose the opportunities are. Raises SalesforceRefused when no org is set.
    """
    orgs = directory or OrgDirectory.from_settings(settings)
    deliveries = {name: Delivery(client, mapping, patience, time_zone) for name, client in orgs.clients.items()}
    consumer = HandOverConsumer(settings, OrgDeliveries(deliveries, orgs.org_name, backoff), mapping=mapping)
    return consumer, OpportunityPollers.of_orgs(settings, orgs, releases, backoff)


def active_mapping(latest: Callable[[str], Release | None]) -> MappingProvider:
    """The `salesforce` part of an account's latest release; the default one where it has none."""

    def mapping(account: str) -> Salesforce:
        release = latest(account)
        return (release.definitions.salesforce if release is not None else None) or Salesforce()

    return mapping


def active_time_zone(latest: Callable[[str], Release | None]) -> TimeZoneProvider:
    """The time zone of an account's latest release; UTC where it has none."""

    def time_zone(account: str) -> str:
        release = latest(account)
        return release.definitions.time_zone if release is not None else "UTC"

    return time_zone

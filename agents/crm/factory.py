"""Builds what hands over from the settings, and what it asks about accounts."""

from __future__ import annotations

from collections.abc import Callable

from agents.crm.backoff import Backoff
from agents.crm.handovers.handover_consumer import HandOverConsumer
from agents.crm.handovers.org_deliveries import OrgDeliveries
from connectors.salesforce.handover.campaign_target import TargetProvider, named_target, recorded_target
from connectors.salesforce.handover.delivery import Delivery, MappingProvider, RetryPolicy, TimeZoneProvider, utc
from connectors.salesforce.handover.handover_records import CampaignTarget, LeadHandOver
from connectors.salesforce.org.directory import OrgDirectory
from schemas.definitions import Salesforce
from streams.engine.releases.release_log import Release
from streams.settings import Settings
from streams.tracing.spans import SpanRecorder


def build_handover_consumer(
    settings: Settings,
    directory: OrgDirectory,
    mapping: MappingProvider,
    *,
    time_zone: TimeZoneProvider = utc,
    target: TargetProvider = recorded_target,
    backoff: Backoff | None = None,
    patience: RetryPolicy | None = None,
    spans: SpanRecorder | None = None,
) -> HandOverConsumer:
    """What hands over to every org of the directory, none of which waits for another."""
    deliveries = {
        name: Delivery(org, mapping, patience, time_zone, target) for name, org in directory.clients.items()
    }
    return HandOverConsumer(
        settings, OrgDeliveries(deliveries, directory.org_name, backoff), mapping=mapping, spans=spans
    )


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


def active_target(latest: Callable[[str], Release | None]) -> TargetProvider:
    """The Salesforce campaign that the account's latest release names for the campaign of a hand-over.

    The release that decided the hand-over may be one that this process has yet to read: then the record says it.
    """

    def target(handover: LeadHandOver) -> CampaignTarget | None:
        release = latest(handover.account)
        if release is None or release.number <= (handover.cause.release or 0):
            return recorded_target(handover)
        return named_target(release.definitions, handover)

    return target

"""Builds the CRM process's parts from the settings."""

from __future__ import annotations

from collections.abc import Callable

from agents.crm.backoff import Backoff
from agents.crm.handover_consumer import HandOverConsumer
from agents.crm.opportunities.handover_times import HandOverTimes
from agents.crm.opportunities.pace import PollPace
from agents.crm.opportunity_poller import OpportunityPoller
from connectors.salesforce.handover.delivery import Delivery, MappingProvider, RetryPolicy, TimeZoneProvider, utc
from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.poll import OpportunityPoll
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.connection import Connection
from connectors.salesforce.org.usage import ApiUsage
from schemas.definitions import Salesforce
from streams.engine.releases.release_log import Release
from streams.settings import Settings


def build_crm(
    settings: Settings,
    mapping: MappingProvider,
    *,
    backoff: Backoff | None = None,
    patience: RetryPolicy | None = None,
    usage: ApiUsage | None = None,
    rules: Callable[[], AttributionRules] = AttributionRules,
    time_zone: TimeZoneProvider = utc,
) -> tuple[HandOverConsumer, OpportunityPoller]:
    """The hand-over consumer and the poller; both share one login, and `usage` counts their calls.

    `rules` say whose the opportunities are. Raises SalesforceRefused when no org is set.
    """
    org = OrgClient(Connection.from_settings(settings), usage=usage)
    consumer = HandOverConsumer(settings, Delivery(org, mapping, patience, time_zone), backoff=backoff)
    poll = OpportunityPoll(
        org, currency=settings.salesforce_currency, rules=rules, handed_over_at=HandOverTimes(settings)
    )
    pace = PollPace(settings.salesforce_poll_ms / 1000, org.usage)
    return consumer, OpportunityPoller(settings, poll, backoff=backoff, pace=pace)


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

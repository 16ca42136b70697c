"""Builds the loops of the CRM process from the settings: for each org one that hands over and one that polls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from agents.crm.backoff import Backoff
from agents.crm.handover_consumer import HandOverConsumer
from agents.crm.handover_times import HandOverTimes
from agents.crm.opportunity_poller import OpportunityPoller
from agents.crm.org_accounts import OrgAccounts
from agents.crm.poll_pace import PollPace
from connectors.salesforce.handover.delivery import Delivery, MappingProvider, RetryPolicy, TimeZoneProvider, utc
from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.poll import OpportunityPoll
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.directory import OrgDirectory
from connectors.salesforce.org.usage import ApiUsage
from schemas.definitions import Salesforce
from streams.engine.releases.release_log import Release
from streams.settings import Settings


class OrgLoops(NamedTuple):
    """What works with one org; both loops share its login and its count of calls."""

    consumer: HandOverConsumer
    poller: OpportunityPoller
    name: str
    usage: ApiUsage


class AccountLookups(NamedTuple):
    """What the loops ask about accounts: their mapping, their zone, and whose the opportunities are."""

    mapping: MappingProvider
    time_zone: TimeZoneProvider = utc
    rules: Callable[[], AttributionRules] = AttributionRules


def build_crm(
    settings: Settings,
    lookups: AccountLookups,
    *,
    directory: OrgDirectory | None = None,
    backoff: Backoff | None = None,
    patience: RetryPolicy | None = None,
) -> list[OrgLoops]:
    """The loops of each org, so that no org waits for another. Raises SalesforceRefused when no org is set."""
    directory = directory or OrgDirectory.from_settings(settings)
    loops = []
    for name, org in directory.clients.items():
        accounts = OrgAccounts(name, partial(directory.owns, name))
        consumer = _build_consumer(settings, lookups, org, accounts, backoff=backoff, patience=patience)
        poller = _build_poller(settings, lookups, org, accounts, backoff)
        loops.append(OrgLoops(consumer, poller, name, org.usage))
    return loops


def _build_consumer(
    settings: Settings,
    lookups: AccountLookups,
    org: OrgClient,
    accounts: OrgAccounts,
    *,
    backoff: Backoff | None,
    patience: RetryPolicy | None,
) -> HandOverConsumer:
    delivery = Delivery(org, lookups.mapping, patience, lookups.time_zone)
    return HandOverConsumer(settings, delivery, mapping=lookups.mapping, accounts=accounts, backoff=backoff)


def _build_poller(
    settings: Settings, lookups: AccountLookups, org: OrgClient, accounts: OrgAccounts, backoff: Backoff | None
) -> OpportunityPoller:
    poll = OpportunityPoll(
        org,
        currency=org.connection.currency,
        rules=lookups.rules,
        org_name=accounts.org_name,
        is_of_org=accounts.has,
        handed_over_at=HandOverTimes(settings),
    )
    pace = PollPace(settings.salesforce_poll_ms / 1000, org.usage)
    return OpportunityPoller(settings, poll, backoff=backoff, pace=pace)


def attribution_rules(releases: Callable[[], Iterable[Release]]) -> Callable[[], AttributionRules]:
    """By which rules opportunities belong to accounts after all releases; computed anew when there is a new one."""
    last_offset, rules = -1, AttributionRules()

    def current() -> AttributionRules:
        nonlocal last_offset, rules
        present = list(releases())
        if present and present[-1].offset != last_offset:
            last_offset = present[-1].offset
            rules = AttributionRules.from_releases((each.account, each.definitions) for each in present)
        return rules

    return current


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

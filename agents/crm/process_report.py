"""The report of the CRM process: hand-overs, opportunities, and what Salesforce says."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agents.crm.handovers.handover_consumer import HandOverConsumer
from agents.crm.opportunities.opportunity_pollers import OpportunityPollers
from agents.crm.org_checker import OrgChecker
from agents.crm.usage_report import usage_values
from connectors.salesforce.org.directory import OrgDirectory
from connectors.salesforce.org.usage import ApiUsage
from schemas.values import instant_text
from streams.clock import now_ms
from streams.metrics import catalog
from streams.metrics.report import MetricValue, ProcessReport, counts_of, encode, process_values, value_of

MAX_ACCOUNTS = 20
"""So many accounts that stand still, or are paused, are named; of others that stand still the number is told."""


@dataclass
class CrmParts:
    """The parts of the process that its report is made of; None before they run."""

    directory: OrgDirectory | None = None
    consumer: HandOverConsumer | None = None
    pollers: OpportunityPollers | None = None
    checker: OrgChecker | None = None

    @property
    def usages(self) -> Mapping[str, ApiUsage]:
        """The usage of each org by its name."""
        clients = {} if self.directory is None else self.directory.clients
        return {name: client.usage for name, client in clients.items()}


def crm_report(parts: CrmParts) -> bytes:
    """The report. Salesforce may be away: that is a problem to know of, and the process is ready all the same."""
    consumer, pollers = parts.consumer, parts.pollers
    if consumer is None or pollers is None:
        return encode(ProcessReport(ready_since=None, values=tuple(process_values())))
    return encode(
        ProcessReport(
            ready_since=consumer.ready_since,
            problems=tuple(_problems(parts, consumer, pollers)),
            values=(*process_values(), *_crm_values(parts.usages, consumer, pollers)),
        )
    )


def _problems(parts: CrmParts, consumer: HandOverConsumer, pollers: OpportunityPollers) -> Iterator[str]:
    for log in (*consumer.outage_logs, *pollers.outage_logs):
        if log.current_problem is not None:
            yield f"Salesforce, {log.part}: {log.current_problem}"
    if parts.checker is not None:
        yield from (f"Salesforce does not fit: {problem}" for problem in parts.checker.problems)
    if consumer.pause is not None:
        yield f"Salesforce: {consumer.pause}"
    stops = sorted(consumer.stops.values(), key=lambda each: (each.since, each.account))
    for stop in stops[:MAX_ACCOUNTS]:
        if stop.is_paused:
            yield f"Salesforce: {stop.reason}"
        else:
            since = instant_text(stop.since)
            yield f"Salesforce: hand-overs of {stop.account} stand still since {since}: {stop.reason}"
    if len(stops) > MAX_ACCOUNTS:
        yield f"Salesforce: hand-overs of {len(stops) - MAX_ACCOUNTS} more accounts stand still"


def _crm_values(
    usages: Mapping[str, ApiUsage], consumer: HandOverConsumer, pollers: OpportunityPollers
) -> Iterator[MetricValue]:
    for log in (*consumer.outage_logs, *pollers.outage_logs):
        yield value_of(catalog.SALESFORCE_UP, log.current_problem is None, log.part)
    yield from usage_values(usages)
    yield from counts_of(catalog.HANDOVERS, consumer.results.items())
    began = consumer.delivery_began
    yield value_of(catalog.HANDOVER_WAIT, 0.0 if began is None else time.monotonic() - began)
    for partition, lag in consumer.lags().items():
        yield value_of(catalog.HANDOVER_LAG, lag, partition)
    yield value_of(catalog.HANDOVERS_REFUSED, consumer.refused_count)
    yield from counts_of(catalog.HANDOVERS_SET_ASIDE, consumer.set_aside.items())
    yield value_of(catalog.HANDOVERS_PAUSED, consumer.pause is not None)
    now = now_ms()
    pauses = sorted((stop.since, stop.account) for stop in consumer.stops.values() if stop.is_paused)
    for since, account in pauses[:MAX_ACCOUNTS]:
        yield value_of(catalog.ACCOUNT_PAUSED, max(now - since, 0) / 1000, account)
    stops = [stop for stop in consumer.stops.values() if not stop.is_paused]
    yield value_of(catalog.STOPPED_ACCOUNTS, len(stops))
    yield value_of(catalog.STOPPED_SECONDS, max((now - stop.since for stop in stops), default=0) / 1000)
    yield from counts_of(catalog.DEAD_LETTERS, consumer.dead_letters.items())
    yield value_of(catalog.OPPORTUNITIES, pollers.event_count)
    yield value_of(catalog.OPPORTUNITY_PAUSE, pollers.pause_seconds)
    if pollers.polled_at is not None:
        yield value_of(catalog.OPPORTUNITY_POLL, pollers.polled_at / 1000)

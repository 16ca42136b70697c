"""The report of the CRM process: hand-overs, opportunities, and what Salesforce says."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.crm.factory import OrgLoops
from agents.crm.org_checker import OrgChecker
from schemas.values import instant_text
from streams.clock import now_ms
from streams.metrics import catalog
from streams.metrics.report import MetricValue, ProcessReport, counts_of, encode, process_values, value_of

MAX_ACCOUNTS = 20
"""So many accounts that stand still are named; of the others only the number is told."""


@dataclass
class CrmParts:
    """The parts of the process that its report is made of; none before they run."""

    loops: Sequence[OrgLoops] = ()
    checker: OrgChecker | None = None


def crm_report(parts: CrmParts) -> bytes:
    """The report. Salesforce may be away: that is a problem to know of, and the process is ready all the same."""
    if not parts.loops:
        return encode(ProcessReport(ready_since=None, values=tuple(process_values())))
    starts = [each.consumer.ready_since for each in parts.loops]
    problems = parts.checker.problems if parts.checker else ()
    # The pause of all hand-overs is one command, which every consumer follows.
    pause = next((each.consumer.pause for each in parts.loops if each.consumer.pause is not None), None)
    return encode(
        ProcessReport(
            ready_since=None if None in starts else max(start for start in starts if start is not None),
            problems=(
                *(() if pause is None else (f"Salesforce: {pause}",)),
                *(problem for each in parts.loops for problem in _problems(each)),
                *(f"Salesforce does not fit: {problem}" for problem in problems),
            ),
            values=(*process_values(), *_org_values(parts.loops), *_sums(parts.loops)),
        )
    )


def _problems(loops: OrgLoops) -> Iterator[str]:
    consumer = loops.consumer
    org = f"Salesforce {loops.name}".rstrip()
    for log in (consumer.outage_log, loops.poller.outage_log):
        if log.current_problem is not None:
            yield f"{org}, {log.part}: {log.current_problem}"
    stops = sorted(consumer.stops.values(), key=lambda each: (each.since, each.account))
    for stop in stops[:MAX_ACCOUNTS]:
        if stop.is_paused:
            yield f"{org}: {stop.reason}"
        else:
            since = instant_text(stop.since)
            yield f"{org}: hand-overs of {stop.account} stand still since {since}: {stop.reason}"
    if len(stops) > MAX_ACCOUNTS:
        yield f"{org}: hand-overs of {len(stops) - MAX_ACCOUNTS} more accounts stand still"


def _org_values(loops: Sequence[OrgLoops]) -> Iterator[MetricValue]:
    """What is told of each org apart."""
    for each in loops:
        for log in (each.consumer.outage_log, each.poller.outage_log):
            yield value_of(catalog.SALESFORCE_UP, log.current_problem is None, log.part, each.name)
        usage = each.usage
        if usage.used is not None and usage.limit is not None:
            yield value_of(catalog.SALESFORCE_LIMIT, usage.limit, each.name)
            yield value_of(catalog.SALESFORCE_LEFT, max(0, usage.limit - usage.used), each.name)
        if usage.known_at is not None:
            yield value_of(catalog.SALESFORCE_LIMIT_KNOWN, usage.known_at, each.name)
        if each.poller.polled_at is not None:
            yield value_of(catalog.OPPORTUNITY_POLL, each.poller.polled_at / 1000, each.name)
        yield value_of(catalog.OPPORTUNITY_PAUSE, each.poller.pause_seconds, each.name)


def _sums(loops: Sequence[OrgLoops]) -> Iterator[MetricValue]:
    """What is told of all orgs together."""
    consumers = [each.consumer for each in loops]
    yield from counts_of(catalog.SALESFORCE_CALLS, _total(each.usage.calls for each in loops))
    yield from counts_of(catalog.HANDOVERS, _total(each.results for each in consumers))
    yield from counts_of(catalog.HANDOVERS_SET_ASIDE, _total(each.set_aside for each in consumers))
    yield from counts_of(catalog.DEAD_LETTERS, _total(each.dead_letters for each in consumers))
    tries = [each.delivery_began for each in consumers if each.delivery_began is not None]
    yield value_of(catalog.HANDOVER_WAIT, time.monotonic() - min(tries) if tries else 0.0)
    lags: dict[int, int] = {}
    for each in consumers:
        for partition, lag in each.lags().items():
            lags[partition] = max(lag, lags.get(partition, 0))
    for partition, lag in lags.items():
        yield value_of(catalog.HANDOVER_LAG, lag, partition)
    yield value_of(catalog.HANDOVERS_REFUSED, sum(each.refused_count for each in consumers))
    yield value_of(catalog.HANDOVERS_PAUSED, any(each.pause is not None for each in consumers))
    stops = [stop for each in consumers for stop in each.stops.values() if not stop.is_paused]
    now = now_ms()
    yield value_of(catalog.STOPPED_ACCOUNTS, len(stops))
    yield value_of(catalog.STOPPED_SECONDS, max((now - stop.since for stop in stops), default=0) / 1000)
    yield value_of(catalog.OPPORTUNITIES, sum(each.poller.event_count for each in loops))
    yield value_of(catalog.OPPORTUNITIES_KEPT, sum(each.poller.kept_count for each in loops))


def _total(counts: Iterable[Mapping[str, int]]) -> Iterable[tuple[str, int]]:
    total: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            total[name] = total.get(name, 0) + count
    return total.items()

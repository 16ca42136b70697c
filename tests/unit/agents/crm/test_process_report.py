"""The report of the CRM process: an absent Salesforce is told, and does not make it unready."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

from agents.crm.handovers.stopped_accounts import StoppedAccount
from agents.crm.outage_log import OutageLog
from agents.crm.process_report import CrmParts, crm_report
from connectors.salesforce.org.usage import ApiUsage
from streams.errors import SalesforceUnavailable
from streams.metrics import catalog
from streams.metrics.report import ProcessReport, decode
from streams.store.handovers.commands import HandOverPause


def parts_of(**more: Any) -> CrmParts:
    """The parts of a process at work."""
    consumer: Any = SimpleNamespace(
        outage_logs=[OutageLog("hand-overs")],
        ready_since=1_000,
        results={"linked": 3, "failed": 1},
        dead_letters={"not_a_handover": 0},
        delivery_began=None,
        pause=None,
        stops={},
        refused_count=0,
        set_aside={"UNABLE_TO_LOCK_ROW": 2},
        lags=lambda: {0: 7},
    )
    poller: Any = SimpleNamespace(
        outage_logs=[OutageLog("opportunities")], event_count=5, polled_at=None, pause_seconds=30.0
    )
    for name, value in more.items():
        setattr(consumer if hasattr(consumer, name) else poller, name, value)
    directory: Any = SimpleNamespace(clients={"": SimpleNamespace(usage=ApiUsage())})
    return CrmParts(directory, consumer, poller)


def report_of(parts: CrmParts) -> ProcessReport:
    return decode(crm_report(parts))


def value(report: ProcessReport, metric: catalog.Metric, *labels: str) -> float | None:
    """A value of a metric; None where there is none."""
    found = [each.value for each in report.values if (each.metric, each.labels) == (metric.name, labels)]
    return found[0] if found else None


def test_before_its_parts_run_it_is_not_ready() -> None:
    assert report_of(CrmParts()).ready_since is None


def test_what_it_has_done_is_told() -> None:
    report = report_of(parts_of())
    assert report.ready_since == 1_000
    assert value(report, catalog.HANDOVERS, "linked") == 3
    assert value(report, catalog.HANDOVERS, "failed") == 1
    assert value(report, catalog.OPPORTUNITIES) == 5
    assert value(report, catalog.OPPORTUNITY_PAUSE) == 30
    assert value(report, catalog.SALESFORCE_UP, "hand-overs") == 1
    assert value(report, catalog.HANDOVER_WAIT) == 0


def test_an_absent_salesforce_is_a_problem_of_a_process_that_is_ready() -> None:
    parts = parts_of(delivery_began=time.monotonic() - 60)
    assert parts.consumer is not None
    parts.consumer.outage_logs[0].failing(SalesforceUnavailable("no answer"))
    report = report_of(parts)
    assert report.ready_since == 1_000
    assert report.problems == ("Salesforce, hand-overs: no answer",)
    assert value(report, catalog.SALESFORCE_UP, "hand-overs") == 0
    assert value(report, catalog.SALESFORCE_UP, "opportunities") == 1
    assert (value(report, catalog.HANDOVER_WAIT) or 0) >= 60


def test_what_does_not_fit_the_org_is_a_problem_of_a_process_that_is_ready() -> None:
    parts = parts_of()
    checker: Any = SimpleNamespace(problems=("acme: lead_fields: the Lead has no field Plan__c",))
    parts.checker = checker
    report = report_of(parts)
    assert report.ready_since == 1_000
    assert report.problems == ("Salesforce does not fit: acme: lead_fields: the Lead has no field Plan__c",)


def test_accounts_that_stand_still_and_a_pause_are_named_with_since_when_and_why() -> None:
    stops = {
        "acme": StoppedAccount("acme", 0, "no field Plan__c", 0.0),
        "beta": StoppedAccount("beta", 1_000, "hand-overs of beta are paused", 0.0, is_paused=True),
    }
    report = report_of(parts_of(stops=stops, pause=HandOverPause("2026-03-01T10:00:00.000Z", None, "jo")))
    assert report.problems == (
        "Salesforce: hand-overs are paused since 2026-03-01T10:00:00.000Z by jo",
        "Salesforce: hand-overs of acme stand still since 1970-01-01T00:00:00.000Z: no field Plan__c",
        "Salesforce: hand-overs of beta are paused",
    )
    assert (value(report, catalog.STOPPED_SECONDS) or 0) > 1_000_000
    assert value(report, catalog.STOPPED_ACCOUNTS) == 1
    assert value(report, catalog.HANDOVERS_PAUSED) == 1
    assert (value(report, catalog.ACCOUNT_PAUSED, "beta") or 0) > 1_000_000
    assert value(report, catalog.ACCOUNT_PAUSED, "acme") is None
    assert value(report, catalog.HANDOVERS_SET_ASIDE, "UNABLE_TO_LOCK_ROW") == 2
    assert value(report, catalog.HANDOVER_LAG, "0") == 7


def test_of_very_many_accounts_some_are_named() -> None:
    stops = {str(each): StoppedAccount(str(each), each, "no field", 0.0) for each in range(50)}
    report = report_of(parts_of(stops=stops))
    assert len(report.problems) == 21
    assert report.problems[-1] == "Salesforce: hand-overs of 30 more accounts stand still"


def test_of_very_many_paused_accounts_the_longest_paused_have_a_metric() -> None:
    stops = {f"a{each}": StoppedAccount(f"a{each}", each, "paused", 0.0, is_paused=True) for each in range(50)}
    report = report_of(parts_of(stops=stops))
    paused = [each.labels for each in report.values if each.metric == catalog.ACCOUNT_PAUSED.name]
    assert paused == [(f"a{each}",) for each in range(20)]


def test_what_salesforce_has_not_said_yet_is_not_told() -> None:
    parts = parts_of()
    assert value(report_of(parts), catalog.SALESFORCE_LEFT, "default") is None
    assert value(report_of(parts), catalog.OPPORTUNITY_POLL) is None
    usage = parts.usages[""]
    usage.used, usage.limit = 14_000, 15_000
    assert value(report_of(parts), catalog.SALESFORCE_LEFT, "default") == 1_000
    assert value(report_of(parts), catalog.SALESFORCE_LIMIT, "default") == 15_000

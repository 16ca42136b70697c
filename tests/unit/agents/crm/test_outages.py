"""Outages of Salesforce: how long a loop waits, and what it logs."""

from __future__ import annotations

from typing import Any

from agents.crm.backoff import Backoff
from agents.crm.outage_log import OutageLog
from connectors.salesforce.org.errors import TransientFailure
from streams.errors import SalesforceRefused


class FakeLog:
    """Collects log lines: level and problem."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Any]] = []

    def warning(self, _event: str, *, problem: Any, **_fields: Any) -> None:
        self.lines.append(("warning", problem))

    def info(self, _event: str, *, problem: Any, **_fields: Any) -> None:
        self.lines.append(("info", problem))


def test_delays_of_transient_failures_double_up_to_the_longest() -> None:
    backoff = Backoff(first=1, longest=5, manual=60)
    error = TransientFailure("slow")
    assert [backoff.delay(attempt, error) for attempt in (0, 1, 2, 3, 1_000)] == [1, 2, 4, 5, 5]


def test_a_failure_that_needs_a_person_has_one_long_delay() -> None:
    assert Backoff(first=1, longest=5, manual=60).delay(0, SalesforceRefused("no login")) == 60


def test_an_outage_is_logged_at_its_begin_at_a_change_and_at_its_end() -> None:
    log = FakeLog()
    outages = OutageLog("hand-overs", log)
    outages.recovered()
    for problem in ("slow", "slow", "closed"):
        outages.failing(TransientFailure(problem))
    assert outages.current_problem == "closed"
    outages.recovered()
    outages.recovered()
    assert log.lines == [("warning", "slow"), ("warning", "closed"), ("info", None)]
    assert outages.current_problem is None

"""Polls a big org and measures it."""

from __future__ import annotations

import gc
import time
import tracemalloc
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.opportunity_poll.big_org import CAMPAIGN, run_big_org
from connectors.salesforce.opportunities.attribution import AttributionRules
from connectors.salesforce.opportunities.cursor import Cursor
from connectors.salesforce.opportunities.poll import OpportunityPoll
from connectors.salesforce.org.client import OrgClient
from connectors.salesforce.org.connection import SANDBOX_CLIENT, Connection
from schemas.definitions import Definitions

POLLS = 10


@dataclass(frozen=True, slots=True)
class PollFigures:
    """The first poll, the look at everything of a process that starts again, and the mean of further polls."""

    opportunities: int
    ours: int
    unrelated_edits: int
    events: int
    first_requests: int
    first_rows: int
    first_seconds: float
    first_peak_kb: int
    """The most memory that the first poll needed at once, with its events."""
    kept_kb: int
    """The memory of what is kept."""
    restart_requests: int
    requests_of_a_poll: float
    rows_of_a_poll: float

    def to_dict(self) -> dict[str, Any]:
        """Returns the figures for JSON."""
        return asdict(self)


def measure(opportunities: int, ours: int, unrelated_edits: int = 0) -> PollFigures:
    """Runs the org and the polls. The client and its first request are not counted as memory of the poll."""
    with run_big_org(opportunities, ours, unrelated_edits) as url:
        definitions = Definitions.model_validate(
            {"campaigns": [{"id": "spring", "salesforce": {"campaign": CAMPAIGN}}]}
        )
        rules = AttributionRules.from_releases([("default", definitions)])
        client = OrgClient(Connection("stand-in.my", SANDBOX_CLIENT, SANDBOX_CLIENT, url=url, read_timeout=120))
        client.check()
        poll = OpportunityPoll(client, currency="EUR", rules=lambda: rules)
        tracemalloc.start()
        start, before = time.perf_counter(), _allocated()
        events, cursor = poll(Cursor.empty())
        seconds = time.perf_counter() - start
        peak, first, event_count = tracemalloc.get_traced_memory()[1] - before, poll.report, len(events)
        del events
        kept = _allocated() - before
        tracemalloc.stop()
        restart_requests = _requests_of_restart(poll, cursor)
        requests, rows = 0, 0
        for _ in range(POLLS):
            _, cursor = poll(cursor)
            requests, rows = requests + poll.report.requests, rows + poll.report.rows
    return PollFigures(
        opportunities,
        ours,
        unrelated_edits,
        event_count,
        first.requests,
        first.rows,
        round(seconds, 2),
        peak // 1024,
        kept // 1024,
        restart_requests,
        requests / POLLS,
        rows / POLLS,
    )


def _requests_of_restart(poll: OpportunityPoll, cursor: Cursor) -> int:
    poll(Cursor(cursor.states, cursor.until, cursor.version))
    return poll.report.requests


def _allocated() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]

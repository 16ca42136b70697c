"""The page on opportunities and revenue says what the poll does: its numbers are those of the code."""

from __future__ import annotations

from typing import get_args

import pytest

from agents.crm.opportunities import poll_pace
from agents.crm.opportunities.reconciler import LEDGER_SECONDS
from connectors.salesforce.opportunities import cursor, poll, queries
from connectors.salesforce.opportunities.reconciliation import DifferenceKind
from connectors.salesforce.org.client import MAX_QUERY_CHARACTERS
from schemas.events.opportunities import OpportunityAttribution
from streams.settings import Settings
from tests.harness.project_files import PROJECT_ROOT

TEXT = " ".join((PROJECT_ROOT / "docs" / "salesforce-revenue.md").read_text().split())
DAY_SECONDS = 24 * 3600


def test_the_times_of_polls_are_those_of_the_code() -> None:
    seconds = Settings.model_fields["salesforce_poll_ms"].default // 1000
    assert f"**Every `LEADSTREAM_SALESFORCE_POLL_MS`**, {seconds} seconds by default" in TEXT
    assert f"less {poll.OVERLAP.seconds // 60} minutes" in TEXT
    assert poll.POLLS_WITHOUT_LEADS == 9
    assert "every tenth poll" in TEXT
    polls = DAY_SECONDS // seconds
    assert f"| at rest, in a day | {polls + polls // 10:,} | {polls:,} polls" in TEXT
    assert f"with contact roles {polls + 2 * (polls // 10):,}" in TEXT
    assert cursor.WHOLE_EVERY.days == 1
    assert poll.DELETION_LOG.days == 14


def test_the_bounds_of_a_busy_org_are_those_of_the_code() -> None:
    assert f"cut at {queries.PROBE_ROWS} rows" in TEXT
    assert f"the next {poll.BUSY_POLLS} polls" in TEXT
    [batch, *_] = queries._batches(["0" * 18] * 1_000, MAX_QUERY_CHARACTERS - 500)
    assert 500 <= len(batch) <= 550
    assert "(some 500 to a request)" in TEXT


def test_the_pace_is_that_of_the_code() -> None:
    assert f"Up to {poll_pace.SLOWER_FROM:.0%}".replace("%", " %") in TEXT
    assert f"an hour at {poll_pace.FLOOR:.0%}".replace("%", " %") in TEXT
    assert poll_pace.SLOWEST == 3600


@pytest.mark.parametrize("kind", get_args(DifferenceKind))
def test_every_difference_is_explained(kind: str) -> None:
    assert f"| `{kind}` |" in TEXT


@pytest.mark.parametrize("origin", get_args(OpportunityAttribution))
def test_every_attribution_is_explained(origin: str) -> None:
    assert f"`origin: {origin}`" in TEXT


def test_the_ledger_is_waited_for_as_long_as_it_says() -> None:
    assert f"up to {LEDGER_SECONDS:g} seconds" in TEXT

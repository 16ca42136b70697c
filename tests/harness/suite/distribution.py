"""How the tests are spread over processes: how many workers, and which tests start first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

# Integration tests wait more than they compute, all others compute.
WAITING_WORKERS_PER_CORE = 3

STORIES = (
    "tests/integration/backtest/test_backtest.py",
    "tests/integration/dead_letters/test_commands.py",
    "tests/integration/explain_and_search/test_commands.py",
    "tests/integration/explain_and_search/test_truncated_journal.py",
    "tests/integration/definitions/test_edits.py",
    "tests/integration/definitions/test_retention.py",
    "tests/integration/metrics/test_running_pipeline.py",
    "tests/integration/salesforce/test_fault_matrix.py",
    "tests/integration/salesforce/test_poll_fault_matrix.py",
    "tests/integration/salesforce/test_orgs_that_are_away.py",
    "tests/integration/outputs/test_watching.py",
    "tests/integration/serve/test_serving.py",
    "tests/integration/upgrade/test_recorded_deployment.py",
    "tests/integration/verify/test_command.py",
    "tests/unit/docker/test_alerts_and_dashboard.py",
    "tests/integration/console/",
    "tests/integration/views/test_reader.py",
    "tests/integration/salesforce/stand_in/test_service.py",
    "tests/unit/connectors/salesforce_sandbox/soql/test_planning.py",
    "tests/unit/schemas/test_asyncapi.py",
    "tests/unit/docker/test_compose_file.py",
    "tests/unit/docker/test_kubernetes.py",
    "tests/integration/docs/test_salesforce_page.py",
    "tests/integration/outputs/test_campaign_report.py",
    "tests/integration/salesforce/handover/test_faults.py",
    "tests/integration/verify/test_revenue.py",
)
"""Files and folders whose tests share an expensive fixture: one worker runs them. Others are spread one by one."""

START_FIRST = (
    "tests/integration/console/",
    "tests/integration/views/test_kills.py",
    "tests/integration/views/test_views_from_topics.py",
    "tests/integration/views/test_cluster.py",
    "tests/integration/pipeline/test_chaos.py",
    "tests/integration/salesforce/test_fault_matrix.py",
    "tests/integration/salesforce/test_poll_fault_matrix.py",
    "tests/integration/benchmarks/test_benchmarks.py::test_memberships_after_live_edits",
    "tests/integration/benchmarks/test_benchmarks.py::test_more_workers",
    "tests/integration/serve/",
    "tests/integration/explain_and_search/test_commands.py",
    "tests/integration/verify/test_command.py",
    "tests/integration/dead_letters/test_commands.py",
    "tests/integration/backtest/test_backtest.py",
    "tests/property/conditions/test_whole_conditions.py",
    "tests/integration/explain_and_search/test_truncated_journal.py",
    "tests/integration/pipeline/test_access_log.py",
    "tests/integration/demo/test_demo.py::test_it_plays",
    "tests/integration/demo/test_demo.py::test_a_kafka_that_runs",
    "tests/integration/definitions/test_retention.py",
    "tests/integration/definitions/test_edits.py",
    "tests/integration/runtime/test_chaos.py",
    "tests/integration/metrics/test_running_pipeline.py",
    "tests/integration/cli/test_broker_and_topics.py::test_a_broker_outlives",
    "tests/integration/outputs/test_outage.py::test_tail",
    "tests/property/graph/test_kept_truths.py",
    "tests/property/test_recompute_leads.py",
    "tests/integration/pipeline/test_big_tick.py",
    "tests/integration/docs/test_definitions_guide.py",
    "tests/integration/definitions/test_backfill_process.py",
    "tests/integration/definitions/test_backfill.py",
    "tests/integration/pipeline/test_open_transaction.py",
    "tests/property/conditions/test_moving_dates.py",
    "tests/integration/verify/test_under_traffic.py",
    "tests/integration/replay",
    "tests/integration/pipeline",
    "tests/property/conditions/test_date_leaves.py",
    "tests/integration/runtime",
    "tests/integration",
    "tests/property",
)
"""The longest tests and stories, so that no worker is left alone with one of them at the end. Beginnings of test ids;
a test's rank is the first that fits.
"""


class StoriesTogether(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist's scheduler is not typed
    """Hands out the tests in their order. (`--dist loadgroup` does nothing under the pytest that is pinned.)"""

    def _split_scope(self, nodeid: str) -> str:
        return next((story for story in STORIES if nodeid.startswith(story)), nodeid)


def worker_count(arguments: Sequence[str]) -> int:
    """Returns how many workers suit what pytest was asked for; 0 runs the tests in this process.

    A single file or test is not worth starting workers for.
    """
    if all(".py" in argument for argument in arguments):
        return 0
    cores = os.cpu_count() or 2
    return WAITING_WORKERS_PER_CORE * cores if any(map(_has_integration_tests, arguments)) else cores


def order(items: list[pytest.Item]) -> None:
    """Puts the longest tests first, in place; the others keep their order."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _has_integration_tests(argument: str) -> bool:
    parts = Path(argument).absolute().parts
    return "integration" in parts or parts[-1] == "tests" or argument == "."


def _rank(nodeid: str) -> int:
    for rank, prefix in enumerate(START_FIRST):
        if nodeid.startswith(prefix):
            return rank
    return len(START_FIRST)

"""The catalog of metrics keeps Prometheus' conventions, and the page on metrics holds its table."""

from __future__ import annotations

import re

import pytest

from streams.metrics import catalog
from streams.metrics.catalog import ALL_ROLES, METRICS, Metric, MetricKind, catalog_table
from streams.metrics.report import value_of
from tests.harness.project_files import PROJECT_ROOT

EVERY = pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
PAGE = (PROJECT_ROOT / "docs" / "metrics.md").read_text()


@EVERY
def test_a_name_follows_the_conventions(metric: Metric) -> None:
    assert re.fullmatch(r"leadstream(_[a-z]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is MetricKind.COUNTER)
    assert not re.search(r"_(ms|millis|milliseconds|kb|mb|minutes|percent)(_|$)", metric.name), "base units only"
    assert (metric.kind is MetricKind.HISTOGRAM) == bool(metric.bounds)


@EVERY
def test_it_says_what_it_is_in_one_line(metric: Metric) -> None:
    assert "\n" not in metric.help
    assert not metric.help.endswith(".")
    assert set(metric.roles) <= set(ALL_ROLES)


@EVERY
def test_no_label_names_a_person_or_grows_without_bound(metric: Metric) -> None:
    bounded = {"topic", "type", "partition", "slot", "reason", "code", "exit_code"}
    bounded |= {"outcome", "result", "part", "org", "group"}
    if metric.name == "leadstream_handovers_account_paused_seconds":
        bounded.add("account")  # of 20 at most (tests/unit/agents/crm/test_process_report.py)
    assert set(metric.labels) <= bounded | {"worker", "version", "engine"}


def test_the_bounds_of_a_histogram_rise() -> None:
    assert list(catalog.TRANSACTION_SECONDS.bounds) == sorted(set(catalog.TRANSACTION_SECONDS.bounds))


def test_the_page_on_metrics_has_the_table_as_it_is() -> None:
    """To renew it, put the output of `python -m streams.metrics.catalog` there."""
    assert catalog_table() in PAGE


def test_a_value_has_the_labels_of_its_metric() -> None:
    assert value_of(catalog.CONTACTS, 3, 7).labels == ("7",)
    with pytest.raises(ValueError, match="slot"):
        value_of(catalog.CONTACTS, 3)

"""Alert rules and dashboard name metrics and labels that exist, and the page on metrics says what to do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.metrics.catalog import METRICS, MetricKind
from tests.harness.metrics.metric_names import (
    ALERT_TESTS,
    ALERTS,
    OF_PROMETHEUS,
    alert_rules,
    dashboard,
    expressions,
    labels_grouped,
    labels_used,
    load_yaml,
    series_names,
)
from tests.harness.project_files import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "metrics.md").read_text()
NEW_SERIES = re.compile(r"\((\S+) unless \1 offset \$__rate_interval\) or ")
"""A counter's first count, which `increase` does not see: before it there is no series."""
CONFIGURATION = PROJECT_ROOT / "docker" / "prometheus" / "prometheus.yml"


def series_of_metrics() -> Mapping[str, set[str]]:
    """The names of all series that a worker may show, with their labels."""
    series: dict[str, set[str]] = {}
    for metric in METRICS.values():
        labels = {"role", *metric.labels}
        if metric.kind is MetricKind.HISTOGRAM:
            series |= {f"{metric.name}_{part}": labels for part in ("bucket", "sum", "count")}
        else:
            series[metric.name] = labels
    return series


def test_every_metric_that_they_name_exists() -> None:
    assert len(series_names()) > 20
    assert series_names() <= series_of_metrics().keys()


def test_every_label_that_they_pick_or_group_by_exists() -> None:
    series = series_of_metrics()
    everywhere = set().union(*series.values()) | OF_PROMETHEUS
    for expression in expressions():
        for name, label in labels_used(expression):
            assert label in series[name] | OF_PROMETHEUS, expression
        assert labels_grouped(expression) <= everywhere, expression


def test_counters_are_only_looked_at_over_time() -> None:
    counters = {metric.name for metric in METRICS.values() if metric.kind is MetricKind.COUNTER}
    for expression in expressions():
        rest = NEW_SERIES.sub("", expression)
        for name in counters:
            for part in rest.split(name)[:-1]:
                assert part.endswith(("rate(", "increase(")), expression


def test_every_metric_is_shown_or_watched() -> None:
    beside = {
        "leadstream_worker_info",  # the dashboard chooses workers by it
        "leadstream_group_offset_failures_total",
    }
    shown = {name.removesuffix("_bucket").removesuffix("_count") for name in series_names()}
    assert METRICS.keys() - shown == beside


def test_each_alert_says_how_urgent_it_is_and_what_is_the_matter() -> None:
    names = [rule["alert"] for rule in alert_rules()]
    assert len(names) == len(set(names)) > 10
    for rule in alert_rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]


def test_the_page_on_metrics_says_what_to_do_about_each_alert() -> None:
    described = [line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `Leadstream")]
    assert described == [rule["alert"] for rule in alert_rules()]


def test_the_panels_lie_beside_one_another() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    occupied: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & occupied, panel["title"]
        assert place["x"] + place["w"] <= 24
        occupied |= cells


def test_each_panel_has_a_title_a_unit_and_a_query_of_its_source() -> None:
    for panel in dashboard()["panels"]:
        assert panel["title"]
        if panel["type"] != "row":
            assert panel["fieldConfig"]["defaults"]["unit"]
            assert panel["description"]
            assert panel["targets"]
            assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${source}"}


def test_prometheus_reads_the_alerts_and_asks_the_workers_of_the_compose_file() -> None:
    configuration = load_yaml(CONFIGURATION)
    assert configuration["rule_files"] == [ALERTS.name]
    [job] = configuration["scrape_configs"]
    assert job["job_name"] == "leadstream", "alerts pick `up` by it"
    services = load_yaml(PROJECT_ROOT / "docker-compose.yml")["services"]
    for name in job["dns_sd_configs"][0]["names"]:
        assert name in services
    ports = {services[name]["environment"]["LEADSTREAM_METRICS_PORT"] for name in ("worker", "views", "crm")}
    assert ports == {job["dns_sd_configs"][0]["port"]}


def test_there_is_a_test_in_which_each_alert_comes() -> None:
    tests = [test for group in load_yaml(ALERT_TESTS)["tests"] for test in group["alert_rule_test"]]
    assert {test["alertname"] for test in tests if test["exp_alerts"]} == {rule["alert"] for rule in alert_rules()}


@pytest.fixture(scope="module")
def promtool() -> str:
    """The program that comes with Prometheus (Debian: the package prometheus)."""
    path = shutil.which("promtool")
    if path is None:
        pytest.skip("promtool is not installed: `apt-get install prometheus` brings it")
    return path


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_itself_finds_the_rules_well_formed(promtool: str) -> None:
    run(promtool, "check", "rules", str(ALERTS))
    run(promtool, "check", "config", str(CONFIGURATION))


def test_each_alert_comes_when_it_should_and_not_before(promtool: str) -> None:
    run(promtool, "test", "rules", str(ALERT_TESTS))


def test_the_dashboards_expressions_can_be_read_by_prometheus(promtool: str, tmp_path: Path) -> None:
    queries = [expression.replace("$__rate_interval", "1m").replace("$worker", ".*") for expression in expressions()]
    rules = {"groups": [{"name": "g", "rules": [{"record": "r", "expr": query} for query in queries]}]}
    path = tmp_path / "queries.yml"
    path.write_text(json.dumps(rules))  # JSON is YAML
    run(promtool, "check", "rules", "--lint=none", str(path))


def test_a_panel_shows_how_many_records_a_transaction_takes(promtool: str, tmp_path: Path) -> None:
    [panel] = [each for each in dashboard()["panels"] if each["title"] == "Records a transaction"]
    [target] = panel["targets"]
    a_minute = {  # two in-topics, together 50 records a minute, and 150 decisions, in 20 transactions
        'leadstream_source_records_total{topic="web-visits",role="pipeline",instance="a"}': 40,
        'leadstream_source_records_total{topic="contact-changes",role="pipeline",instance="a"}': 10,
        'leadstream_decisions_total{role="pipeline",instance="a"}': 150,
        'leadstream_transaction_seconds_count{role="pipeline",instance="a"}': 20,
    }
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": f"0+{count}x20"} for name, count in a_minute.items()],
        "promql_expr_test": [
            {
                "expr": target["expr"].replace("$__rate_interval", "5m").replace("$worker", ".*"),
                "eval_time": "15m",
                "exp_samples": [{"labels": '{role="pipeline"}', "value": 10}],
            }
        ],
    }
    path = tmp_path / "ratio.yml"
    path.write_text(json.dumps({"tests": [test]}))
    run(promtool, "test", "rules", str(path))


def test_a_panel_shows_the_first_count_of_a_code(promtool: str, tmp_path: Path) -> None:
    """A counter by code has no series before the first one, and `increase` alone shows nothing of it."""
    queries = [each.replace("$__rate_interval", "1m") for each in expressions() if NEW_SERIES.search(each)]
    assert len(queries) == 3
    for query in queries:
        (series,) = set(re.findall(r"leadstream_\w+", query))
        test = {
            "interval": "15s",
            "input_series": [{"series": f'{series}{{code="A",exit_code="1",instance="a"}}', "values": "_x8 1x40"}],
            "promql_expr_test": [
                {"expr": f"sum({query.replace('$worker', '.*')})", "eval_time": when, "exp_samples": samples}
                for when, samples in (
                    ("1m", []),
                    ("2m30s", [{"labels": "{}", "value": 1}]),
                    ("5m", [{"labels": "{}", "value": 0}]),
                )
            ],
        }
        path = tmp_path / "first.yml"
        path.write_text(json.dumps({"tests": [test]}))
        run(promtool, "test", "rules", str(path))

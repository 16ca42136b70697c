"""Prometheus reads the metrics of all processes of a worker as one document."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from streams.metrics import catalog
from streams.metrics.exposition import metrics_text
from streams.metrics.report import MetricValue, ProcessReport, value_of
from streams.metrics.worker import ProcessState, WorkerState


def process(role: str, *values: MetricValue, answers: bool = True) -> ProcessState:
    report = ProcessReport(ready_since=5_000, values=values) if answers else None
    return ProcessState(role, 7, 1_000, {70: 2}, report)


def series(state: WorkerState, accept: str = "") -> dict[str, float]:
    """Every series as text, with its value."""
    text = metrics_text(state, accept)[0].decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {f"{each.name}{{{labels_text(each.labels)}}}": each.value for each in samples}


def labels_text(labels: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))


def test_a_metric_of_several_processes_stands_there_once_with_their_roles() -> None:
    state = WorkerState(
        "w0", [process("pipeline", value_of(catalog.SLOTS, 4)), process("ledger", value_of(catalog.SLOTS, 1))]
    )
    found = series(state)
    assert found["leadstream_slots{role=pipeline}"] == 4
    assert found["leadstream_slots{role=ledger}"] == 1
    text = metrics_text(state, "")[0].decode()
    assert text.count("# TYPE leadstream_slots gauge") == 1


def test_a_process_that_gives_no_report_is_down_and_keeps_its_failures() -> None:
    found = series(WorkerState("w0", [process("pipeline", answers=False)]))
    assert found["leadstream_process_up{role=pipeline}"] == 0
    assert found["leadstream_process_ready{role=pipeline}"] == 0
    assert found["leadstream_process_failures_total{exit_code=70,role=pipeline}"] == 2
    assert found["leadstream_process_start_time_seconds{role=pipeline}"] == 1


def test_a_process_that_was_not_started_yet_has_no_time_of_its_start() -> None:
    found = series(WorkerState("w0", [ProcessState("pipeline", 0, 0, {}, None)]))
    assert found["leadstream_process_up{role=pipeline}"] == 0
    assert "leadstream_process_start_time_seconds{role=pipeline}" not in found


def test_the_buckets_of_a_histogram_add_up() -> None:
    counts = (1, 2, *[0] * (len(catalog.TRANSACTION_SECONDS.bounds) - 2), 4)
    value = MetricValue(catalog.TRANSACTION_SECONDS.name, (), 1.5, counts)
    found = series(WorkerState("w0", [process("ledger", value)]))
    assert found["leadstream_transaction_seconds_bucket{le=0.005,role=ledger}"] == 1
    assert found["leadstream_transaction_seconds_bucket{le=0.01,role=ledger}"] == 3
    assert found["leadstream_transaction_seconds_bucket{le=+Inf,role=ledger}"] == 7
    assert found["leadstream_transaction_seconds_count{role=ledger}"] == 7
    assert found["leadstream_transaction_seconds_sum{role=ledger}"] == 1.5


def test_the_worker_names_itself_and_its_versions() -> None:
    [info] = [name for name in series(WorkerState("w0", [])) if name.startswith("leadstream_worker_info")]
    assert "worker=w0" in info
    assert "version=" in info


def test_what_a_process_of_another_version_tells_beyond_the_catalog_is_left_out() -> None:
    state = WorkerState("w0", [process("ledger", MetricValue("leadstream_of_tomorrow", (), 1.0))])
    assert not [name for name in series(state) if "tomorrow" in name]


def test_the_format_is_that_which_is_asked_for() -> None:
    body, content_type = metrics_text(WorkerState("w0", []), "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")
    assert metrics_text(WorkerState("w0", []), "")[1].startswith("text/plain")

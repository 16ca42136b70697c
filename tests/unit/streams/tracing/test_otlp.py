"""Spans arrive at a collector as children of the trace, and a collector that is slow or away costs nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from streams.tracing.headers import trace_of
from streams.tracing.otlp import CLOSE_SECONDS, OtlpRecorder
from streams.tracing.spans import SpanRecorder, TracedStep, start_spans
from tests.harness.deployment.pipeline import wait_until
from tests.harness.tracing.collector import Collector, running_collector

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"
TRACE = (("traceparent", f"00-{TRACE_ID}-{PARENT_ID}-01".encode()), ("tracestate", b"vendor=abc"))
SECOND = 1_000_000_000


def step(name: str = "decide journal", error: str | None = None) -> TracedStep:
    attributes: dict[str, str | int] = {"messaging.destination.name": "journal", "messaging.kafka.offset": 7}
    return TracedStep(name, "consumer", TRACE, 3 * SECOND, 5 * SECOND, attributes, error)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


@pytest.fixture
def recorder(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Iterator[SpanRecorder]:
    """One that sends every 10 ms, and whose queue holds 100 spans."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "100")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "50")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    started = start_spans("pipeline", "w0")
    assert isinstance(started, OtlpRecorder)
    yield started
    started.close()


def test_a_step_becomes_a_child_of_the_trace(collector: Collector, recorder: SpanRecorder) -> None:
    recorder.record(step())
    recorder.record(step("validate web-visits", error="too_old"))
    recorder.close()
    plain, failed = sorted(collector.spans, key=lambda span: span.name)
    assert (plain.trace, plain.parent, plain.state) == (TRACE_ID, PARENT_ID, "vendor=abc")
    assert (plain.name, plain.kind, plain.failed) == ("decide journal", "consumer", False)
    assert (plain.began, plain.ended) == (3 * SECOND, 5 * SECOND)
    assert plain.attributes == {"messaging.destination.name": "journal", "messaging.kafka.offset": 7}
    resource = {name: plain.resource[name] for name in ("service.name", "service.instance.id", "leadstream.role")}
    assert resource == {
        "service.name": "leadstream",
        "service.instance.id": "w0-pipeline",
        "leadstream.role": "pipeline",
    }
    assert (failed.failed, failed.attributes["error.type"]) == (True, "too_old")


def test_the_environment_may_name_the_service(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "leads-eu")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=prod")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
    recorder = start_spans("crm", "w0")
    assert recorder is not None
    recorder.record(step())
    recorder.close()
    [span] = collector.spans
    assert span.resource["service.name"] == "leads-eu"
    assert span.resource["deployment.environment.name"] == "prod"


def test_what_is_written_while_a_span_is_open_continues_it(collector: Collector, recorder: SpanRecorder) -> None:
    span = recorder.begin("send", "producer", TRACE)
    [(name, value), state] = trace_of(span.trace)
    span.end({"messaging.batch.message_count": 2})
    recorder.close()
    [sent] = collector.spans
    assert (name, value.decode(), state) == ("traceparent", f"00-{TRACE_ID}-{sent.id}-01", TRACE[1])
    assert (sent.parent, sent.kind, sent.attributes) == (PARENT_ID, "producer", {"messaging.batch.message_count": 2})


def test_a_collector_that_is_away_is_told_once_and_once_that_it_is_back(
    collector: Collector, recorder: SpanRecorder
) -> None:
    collector.status = 400
    with capture_logs() as lines:
        for wanted in (1, 2, 3):
            recorder.record(step())
            wait_until(lambda wanted=wanted: collector.request_count >= wanted, 30, "no request")  # type: ignore[misc]
        collector.status = 200
        recorder.record(step("the first that arrives"))
        wait_until(lambda: collector.names() == ["the first that arrives"], 30, "no span")
        wait_until(lambda: len(lines) == 2, 30, "it is not told")
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("spans are lost", "warning"),
        ("spans are sent again", "info"),
    ]
    assert lines[0]["collector"] == collector.url
    assert lines[1]["lost"] == 3


def test_a_collector_that_does_not_answer_holds_nobody_up(collector: Collector, recorder: SpanRecorder) -> None:
    collector.answering.clear()
    recorder.record(step())
    wait_until(lambda: collector.request_count == 1, 30, "no request")
    with capture_logs() as lines:
        began = time.process_time()
        for _ in range(1_000):  # ten times what the queue holds
            recorder.record(step())
        assert time.process_time() - began < 5, "it computes and does not wait"
        began = time.monotonic()
        recorder.close()
        assert time.monotonic() - began < CLOSE_SECONDS + 5
        wait_until(lambda: bool(lines), 30, "it is not told")
    assert [line["event"] for line in lines] == ["spans are lost"]
    assert collector.spans == []
    collector.status = 400  # for what it still answers

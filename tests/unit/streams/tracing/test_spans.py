"""Spans are made where a collector is named, and what keeps them away is told in one line and ends nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from streams.errors import TracingUnavailable
from streams.tracing.spans import start_spans, wanted_endpoint

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
COLLECTOR = {ENDPOINT: "http://collector:4318"}


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        pytest.param({}, None, id="nothing is named"),
        pytest.param({ENDPOINT: " "}, None, id="empty"),
        pytest.param(COLLECTOR, "http://collector:4318", id="a collector"),
        pytest.param({**COLLECTOR, "OTEL_SDK_DISABLED": "True"}, None, id="OpenTelemetry is off"),
        pytest.param({**COLLECTOR, "OTEL_TRACES_EXPORTER": "none"}, None, id="its traces are off"),
        pytest.param(
            {**COLLECTOR, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://user:secret@traces.example/v1/traces"},
            "https://traces.example",
            id="one for traces, whose login is not shown",
        ),
        pytest.param(
            {
                **COLLECTOR,
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            },
            "http://collector:4318",
            id="grpc for others alone",
        ),
    ],
)
def test_the_standard_variables_say_whether_and_where_to(
    environment: Mapping[str, str], endpoint: str | None
) -> None:
    assert wanted_endpoint(environment) == endpoint


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({**COLLECTOR, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "4318"),
        ({ENDPOINT: "collector:4318"}, "http://collector:4318"),
        ({ENDPOINT: "http://collector:port"}, "http://collector:4318"),
        ({ENDPOINT: "http://[collector"}, "http://collector:4318"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(environment: Mapping[str, str], word: str) -> None:
    with pytest.raises(TracingUnavailable, match=word):
        wanted_endpoint(environment)


def test_without_a_collector_nothing_of_opentelemetrys_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENDPOINT, raising=False)
    monkeypatch.setitem(sys.modules, "streams.tracing.otlp", None)
    with capture_logs() as lines:
        assert start_spans("pipeline", "w0") is None
    assert lines == []


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        pytest.param(ENDPOINT, "collector", "no address", id="a faulty address"),
        pytest.param("OTEL_BSP_MAX_QUEUE_SIZE", "-1", "OTEL_", id="a faulty setting of OpenTelemetry's"),
    ],
)
def test_a_worker_goes_on_without_spans_and_says_why(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, word: str
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setenv(name, value)
    with capture_logs() as lines:
        assert start_spans("pipeline", "w0") is None
    [line] = lines
    assert (line["event"], line["log_level"]) == ("no spans", "warning")
    assert word in line["problem"]


def test_a_worker_whose_extra_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "streams.tracing.otlp", None)  # an import of it fails now
    with capture_logs() as lines:
        assert start_spans("pipeline", "w0") is None
    assert ["leadstream[tracing]" in line["problem"] for line in lines] == [True]

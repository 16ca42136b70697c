"""Spans of what was done for sampled traces, and whether there are any: only where a collector is named.

OpenTelemetry's packages are an extra, and are imported when the first span recorder is made.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import urlsplit

import structlog

from streams.errors import TracingUnavailable
from streams.kafka.batches import Headers

log = structlog.get_logger()

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
HTTP_PROTOBUF = "http/protobuf"

StepKind = Literal["consumer", "producer", "client"]


@dataclass(frozen=True, slots=True)
class TracedStep:
    """One thing done for a record whose trace is sampled, once it is durable; becomes a child span of the trace.

    `began` and `ended` are in ns since the epoch, `error` is a code where it failed. Attributes have no personal
    data.
    """

    name: str
    kind: StepKind
    trace: Headers
    began: int
    ended: int
    attributes: Mapping[str, str | int] = field(default_factory=dict)
    error: str | None = None


class OpenSpan(Protocol):
    """A span that has begun; `trace` has the headers of what continues it."""

    trace: Headers

    def end(self, attributes: Mapping[str, str | int], error: str | None = None) -> None:
        """It is over; `error` is a code where it failed."""


class SpanRecorder(Protocol):
    """Takes spans and sends them later, from a thread of its own. It never waits and never raises."""

    def record(self, step: TracedStep) -> None:
        """Makes a span of something that is over."""

    def begin(self, name: str, kind: StepKind, trace: Headers) -> OpenSpan:
        """Begins a span, whose `trace` goes on with what is written meanwhile."""

    def close(self) -> None:
        """Sends what is left, for a second at most."""


def start_spans(role: str, worker: str) -> SpanRecorder | None:
    """A recorder, where the environment names a collector; None where it does not, or where none can be made.

    The second is told in one log line: for want of spans nothing else ends.
    """
    try:
        endpoint = wanted_endpoint(os.environ)
        return None if endpoint is None else _open_recorder(role, worker, endpoint)
    except TracingUnavailable as error:
        log.warning("no spans", problem=str(error))
        return None


def wanted_endpoint(environment: Mapping[str, str]) -> str | None:
    """The collector's address without login and path, for log lines; None where spans are off.

    Raises TracingUnavailable for an address or a protocol that cannot be used.
    """
    values = {name: value.strip() for name, value in environment.items() if name.startswith("OTEL_")}
    endpoint = values.get(TRACES_ENDPOINT) or values.get(ENDPOINT)
    is_off = values.get("OTEL_SDK_DISABLED", "").lower() == "true" or values.get("OTEL_TRACES_EXPORTER") == "none"
    if not endpoint or is_off:
        return None
    protocol = next((values[name] for name in PROTOCOLS if values.get(name)), HTTP_PROTOBUF)
    if protocol != HTTP_PROTOBUF:
        raise TracingUnavailable(
            f"spans are sent as {HTTP_PROTOBUF} and {PROTOCOLS[1]} is {protocol!r}: set it to {HTTP_PROTOBUF}, with"
            " the collector's port for HTTP (4318 as a rule)"
        )
    try:
        parts = urlsplit(endpoint)
        address = (
            f"{parts.scheme}://{parts.hostname}:{parts.port}" if parts.port else f"{parts.scheme}://{parts.hostname}"
        )
    except ValueError:
        parts, address = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TracingUnavailable(f"{ENDPOINT} is no address of a collector; one is http://collector:4318")
    return address


def instant_ns(monotonic: float) -> int:
    """The instant of a reading of the monotonic clock (s), in ns since the epoch."""
    return time.time_ns() - int((time.monotonic() - monotonic) * 1e9)


def _open_recorder(role: str, worker: str, endpoint: str) -> SpanRecorder:
    """Raises TracingUnavailable without OpenTelemetry's packages, or where they refuse their settings."""
    try:
        from streams.tracing.otlp import OtlpRecorder  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise TracingUnavailable(
            f"{ENDPOINT} is set and OpenTelemetry is not installed: pip install 'leadstream[tracing]'"
        ) from error
    try:
        return OtlpRecorder(role, worker, endpoint)
    except (ValueError, OSError) as error:
        raise TracingUnavailable(f"OpenTelemetry refuses its settings (OTEL_...): {error}") from error

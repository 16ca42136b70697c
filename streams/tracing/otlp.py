"""Sends spans to a collector over HTTP, with OpenTelemetry's SDK: a bounded queue and a thread for each process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from importlib.metadata import version

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import (
    SERVICE_INSTANCE_ID,
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from streams.kafka.batches import Headers
from streams.tracing.spans import StepKind, TracedStep

log = structlog.get_logger()

CLOSE_SECONDS = 1.0
"""How long the end of a process waits for a collector."""

_KINDS: Mapping[StepKind, SpanKind] = {
    "consumer": SpanKind.CONSUMER,
    "producer": SpanKind.PRODUCER,
    "client": SpanKind.CLIENT,
}
_PROPAGATOR = TraceContextTextMapPropagator()


class OtlpRecorder:
    """A span recorder of one process. Raises ValueError or OSError for OTEL_ settings that the SDK does not take."""

    def __init__(self, role: str, worker: str, endpoint: str) -> None:
        # It would write a line for each batch that is lost; _ReportingExporter writes one.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        exporter = _ReportingExporter(OTLPSpanExporter(), endpoint)
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=_resource(role, worker), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("leadstream", version("leadstream"))

    def record(self, step: TracedStep) -> None:
        """Makes a span of something that is over."""
        span = self._tracer.start_span(
            step.name,
            context=_context(step.trace),
            kind=_KINDS[step.kind],
            attributes=step.attributes,
            start_time=step.began,
        )
        _end(span, step.error, step.ended)

    def begin(self, name: str, kind: StepKind, trace: Headers) -> OtlpSpan:
        """Begins a span, whose `trace` goes on with what is written meanwhile."""
        return OtlpSpan(self._tracer.start_span(name, context=_context(trace), kind=_KINDS[kind]))

    def close(self) -> None:
        """Sends what is left, for a second at most."""
        thread = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        thread.start()
        thread.join(CLOSE_SECONDS)


class OtlpSpan:
    """A span that has begun."""

    def __init__(self, span: Span) -> None:
        self._span = span
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, set_span_in_context(span))
        self.trace: Headers = tuple((name, value.encode()) for name, value in carrier.items())

    def end(self, attributes: Mapping[str, str | int], error: str | None = None) -> None:
        """It is over; `error` is a code where it failed."""
        self._span.set_attributes(attributes)
        _end(self._span, error, None)


class _ReportingExporter(SpanExporter):
    """Tells once that spans are lost, and once that they arrive again."""

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self._exporter = exporter
        self._endpoint = endpoint
        self._lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Sends spans; called by the thread of the queue alone."""
        try:
            result = self._exporter.export(spans)
        except Exception:  # noqa: BLE001  # of a library, in its own thread: only spans may be lost by it
            result = SpanExportResult.FAILURE
        if result is not SpanExportResult.SUCCESS:
            if not self._lost:
                log.warning("spans are lost", collector=self._endpoint, problem="it does not take them")
            self._lost += len(spans)
        elif self._lost:
            log.info("spans are sent again", collector=self._endpoint, lost=self._lost)
            self._lost = 0
        return result

    def shutdown(self) -> None:
        """Ends what it does."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing waits here."""
        return self._exporter.force_flush(timeout_millis)


def _resource(role: str, worker: str) -> Resource:
    """What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say goes first."""
    ours = {
        SERVICE_NAME: "leadstream",
        SERVICE_VERSION: version("leadstream"),
        SERVICE_INSTANCE_ID: worker if worker == role else f"{worker}-{role}",  # a worker has several processes
        "leadstream.role": role,
    }
    return Resource.create(ours).merge(OTELResourceDetector().detect())


def _context(trace: Headers) -> Context:
    return _PROPAGATOR.extract({name: value.decode("ascii") for name, value in trace})


def _end(span: Span, error: str | None, ended: int | None) -> None:
    if error is not None:
        span.set_attribute("error.type", error)
        span.set_status(StatusCode.ERROR)
    span.end(ended)

"""One trace, from a request over HTTP through the journal to the hand-over, as a collector sees it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.values import instant_text
from streams.settings import variable_name
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.metrics.worker_metrics import wait_for
from tests.harness.salesforce.sandbox import SPRING, run_sandbox
from tests.harness.serve.server import ServeProcess
from tests.harness.tracing.collector import CollectedSpan, Collector, running_collector

DEFINITIONS = f"""
account: default
segments:
  - {{id: german, dynamic: true, when: {{property: country, in: [DE]}}}}
campaigns:
  - id: spring
    audience: [german]
    auto_qualify: true
    salesforce: {{campaign: {SPRING}, member_status: Responded}}
salesforce:
  lead_fields:
    LastName: {{property: last_name, default: "-"}}
    Company: {{property: company, default: "-"}}
"""

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_ID = "b7ad6b7169203331"
CONTACT = "ada@example.com"


class TracedPipeline(Pipeline):
    """A pipeline whose processes know all its settings, and the collector."""

    collector: Collector

    @property
    def environment(self) -> dict[str, str]:
        """Every setting, and OpenTelemetry's."""
        values = self.settings.model_dump(mode="json").items()
        settings = {variable_name(name): str(value) for name, value in values if value is not None}
        return {**settings, "OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}


@pytest.fixture
def pipeline(kafka: str, prefix: str, tmp_path: Path) -> Iterator[TracedPipeline]:
    """A pipeline with a worker for everything but the read models."""
    shape = {"clock": "wall", "partitions": 2, "in_partitions": 2, "grace_ms": 500, "metrics_port": 0}
    with run_sandbox() as sandbox, running_collector() as collector:
        salesforce = {"salesforce_url": sandbox.url, "salesforce_poll_ms": 200, "salesforce_currency": "EUR"}
        deployment = TracedPipeline(kafka, prefix, tmp_path, **shape, **salesforce)
        deployment.collector = collector
        with deployment:
            deployment.start_worker("w0", "all")
            yield deployment


def post_event(server: ServeProcess, contact: str, flags: str) -> None:
    """Publishes a change of a contact, in a trace whose flags are given."""
    event = {
        "type": "contact.changed",
        "contact": contact,
        "at": instant_text(int(time.time() * 1000)),
        "properties": {"country": "DE", "last_name": "Lovelace"},
    }
    headers = {"traceparent": f"00-{TRACE_ID}-{PARENT_ID}-{flags}", "tracestate": "vendor=abc"}
    answer = server.client.post("/events", json=event, headers=headers)
    assert answer.status_code == 202, answer.text


def span_of(collector: Collector, name: str) -> CollectedSpan:
    [span] = [each for each in collector.spans if each.name == name]
    return span


WHOLE_TRACE = {
    "send": ("serve", "producer"),
    "validate contact-changes": ("pipeline", "consumer"),
    "decide journal": ("pipeline", "consumer"),
    "hand over to Salesforce": ("crm", "client"),
    # Salesforce's answer, `crm-results`, is an event of its own: it is journaled and decided as well.
    "validate crm-results": ("pipeline", "consumer"),
}


def test_a_request_and_all_that_it_caused_are_one_trace(pipeline: TracedPipeline) -> None:
    collector = pipeline.collector
    pipeline.apply(DEFINITIONS)
    with ServeProcess(pipeline.folder, pipeline.environment) as server:
        server.wait_until_ready()
        post_event(server, "bob@example.com", flags="00")
        post_event(server, CONTACT, flags="01")
        wait_until(lambda: collector.names().count("decide journal") == 2, LIMIT_SECONDS, "not all is decided")
    wait_for(lambda: set(collector.names()) == WHOLE_TRACE.keys(), "the whole trace")
    assert len(collector.names()) == len(WHOLE_TRACE) + 1, "the journal has the event and the answer"
    for name, (role, kind) in WHOLE_TRACE.items():
        span = next(each for each in collector.spans if each.name == name)
        assert (span.resource["leadstream.role"], span.kind) == (role, kind), name
    assert {span.trace for span in collector.spans} == {TRACE_ID}
    assert {span.state for span in collector.spans} == {"vendor=abc"}
    sent = span_of(collector, "send")
    assert sent.parent == PARENT_ID
    assert {span.parent for span in collector.spans if span is not sent} == {sent.id}
    assert not [span for span in collector.spans if span.failed or span.began > span.ended]
    validated, handed_over = (
        span_of(collector, "validate contact-changes"),
        span_of(collector, "hand over to Salesforce"),
    )
    assert sent.began <= validated.ended <= handed_over.ended
    texts = " ".join(f"{span.name} {span.attributes}" for span in collector.spans)
    assert [word for word in ("ada", "Lovelace", "example.com") if word in texts] == []


def test_a_collector_that_is_away_holds_nothing_up(pipeline: TracedPipeline) -> None:
    collector = pipeline.collector
    collector.answering.clear()
    pipeline.apply(DEFINITIONS)
    with ServeProcess(pipeline.folder, pipeline.environment) as server:
        server.wait_until_ready()
        post_event(server, CONTACT, flags="01")
        wait_until(lambda: collector.request_count > 0, LIMIT_SECONDS, "no span was sent")
        wait_until(lambda: bool(pipeline.read_table("leads")), LIMIT_SECONDS, "no lead")
    pipeline.wait_until_settled()
    assert collector.spans == []

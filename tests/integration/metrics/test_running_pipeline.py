"""The metrics of a running pipeline: all that the dashboard and the alerts name are there, and move."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from connectors.ports import free_port
from connectors.redis.local import LocalRedis
from schemas.values import instant_text
from streams.settings import variable_name
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.kafka.journal_truncation import truncate_topic
from tests.harness.metrics.metric_names import series_names
from tests.harness.metrics.worker_metrics import WorkerMetrics, logged_address, wait_for
from tests.harness.salesforce.sandbox import SPRING, SandboxClient, run_sandbox

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

MANY_VISITS = 6_000

TRACE = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")

ALWAYS_THE_SAME = {
    "leadstream_worker_info": {1.0},
    "leadstream_slots_in_all": {1.0, 2.0},  # of the ledger and of the pipeline
    "leadstream_salesforce_limit_requests": {15_000.0},
    "leadstream_opportunity_pause_seconds": {0.2},
}
"""What does not change while this pipeline runs, and its values."""


class WholePipeline(Pipeline):
    """A pipeline whose commands and workers know all its settings, those of Salesforce too."""

    @property
    def environment(self) -> dict[str, str]:
        """Every setting."""
        values = self.settings.model_dump(mode="json").items()
        return {variable_name(name): str(value) for name, value in values if value is not None}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxClient]:
    with run_sandbox() as client:
        yield client


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[LocalRedis]:
    """A Redis that comes back at its address, empty, when it is started again."""
    with LocalRedis(tmp_path / "redis", free_port()) as server:
        yield server


@pytest.fixture
def pipeline(
    kafka: str, prefix: str, tmp_path: Path, sandbox: SandboxClient, redis: LocalRedis
) -> Iterator[Pipeline]:
    """A pipeline with a worker of all roles, on the wall clock."""
    settings = {
        "metrics_port": 0,
        "redis_url": redis.url,
        "stuck_after_ms": 5_000,
        "salesforce_url": sandbox.url,
        "salesforce_poll_ms": 200,
        "salesforce_record_patience_ms": 8_000,
        "salesforce_currency": "EUR",
        "transaction_bound_ms": 30_000,
        "transaction_timeout_ms": 60_000,
    }
    shape = {"clock": "wall", "partitions": 2, "in_partitions": 2, "grace_ms": 500}
    with WholePipeline(kafka, prefix, tmp_path, **shape, **settings) as deployment:
        deployment.start_worker("w0", "all")
        yield deployment


def with_a_past(count: int) -> str:
    """The definitions with a segment that asks how often a contact came."""
    segment = f"  - {{id: readers, dynamic: true, when: {{visit: {{}}, count: {{gte: {count}}}, within: 7d}}}}\n"
    return DEFINITIONS.replace("campaigns:", f"{segment}campaigns:")


def contact(name: str, country: str, at: str) -> dict[str, Any]:
    properties = {"country": country, "last_name": name.title()}
    return {"id": f"e-{name}", "type": "contact.changed", "contact": name, "at": at, "properties": properties}


def visit(number: int, at: str) -> dict[str, Any]:
    return {"id": f"v-{number}", "type": "web.visited", "contact": f"c{number % 500}", "at": at, "url": "https://a/b"}


async def produce(
    pipeline: Pipeline,
    topic: str,
    value: bytes,
    wait: Callable[[], None],
    headers: Sequence[tuple[str, bytes]] = (),
) -> None:
    """Writes a record past `publish`, in a transaction that stays open until `wait` returns."""
    producer = AIOKafkaProducer(
        bootstrap_servers=pipeline.settings.bootstrap, transactional_id=f"{pipeline.settings.prefix}test"
    )
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send_and_wait(pipeline.settings.prefix + topic, value, partition=0, headers=headers)
            await asyncio.to_thread(wait)
    finally:
        await producer.stop()


def pid_of(metrics: WorkerMetrics, role: str) -> int:
    _, body = metrics.health("live")
    return int(next(each["pid"] for each in body["processes"] if each["role"] == role))


def has_backfilled(metrics: WorkerMetrics, records: int) -> bool:
    return metrics.total("leadstream_backfill_read_records_total") >= records


def has_set_aside(metrics: WorkerMetrics, count: int) -> bool:
    return metrics.total("leadstream_handovers_set_aside_total") == count


def test_every_metric_that_dashboard_and_alerts_name_moves(
    pipeline: Pipeline, sandbox: SandboxClient, redis: LocalRedis
) -> None:
    metrics = WorkerMetrics(logged_address(pipeline.folder / "w0.log"))
    wait_for(lambda: metrics.health("ready")[0] == 200, "a ready worker")
    with metrics.reading():
        everything_happens(pipeline, sandbox, redis, metrics)
    names = series_names()
    resting = names - metrics.moving_names()
    assert names <= metrics.names_seen()
    assert resting == ALWAYS_THE_SAME.keys() & names
    assert {name: metrics.values_of(name) for name in resting} == {name: ALWAYS_THE_SAME[name] for name in resting}


def traced_contacts(pipeline: Pipeline, topic: str) -> set[str]:
    """The contacts of the records of a topic that have the trace."""
    records = [each for partition in pipeline.read_records(topic).values() for each in partition]
    return {msgspec.json.decode(each.value)["contact"] for each in records if TRACE in each.headers}


def everything_happens(pipeline: Pipeline, sandbox: SandboxClient, redis: LocalRedis, metrics: WorkerMetrics) -> None:
    """Work, refusals, an open transaction, back-fills, a Salesforce and a Redis that are away for a while, records
    that are gone, a process that dies.
    """
    now = instant_text(int(time.time() * 1000))
    pipeline.apply(DEFINITIONS)
    visits = [visit(number, now) for number in range(MANY_VISITS)]
    pipeline.publish([contact("ada", "DE", now), contact("bob", "FR", now), *visits])

    def wait_until_left_out() -> None:
        wait_for(lambda: metrics.total("leadstream_time_hold_seconds", reason="open_transaction") > 0, "time waits")
        wait_for(lambda: metrics.total("leadstream_source_left_out", topic="web-visits") == 1, "and then no more")

    asyncio.run(produce(pipeline, "web-visits", b"no json", wait_until_left_out))
    wait_for(lambda: metrics.total("leadstream_dead_letters_total", code="invalid_json") == 1, "the dead letter")
    wait_for(lambda: metrics.total("leadstream_handovers_total", result="linked") == 1, "the hand-over")

    for kind, count in {"segment.entered": 1, "segment.exited": 0, "lead.handed_over": 1, "dead_letter": 1}.items():
        assert metrics.total("leadstream_outputs_total", type=kind) == count, kind

    [lead] = sandbox.live_records("Lead")
    sandbox.add_fault("daily_limit", times=3)
    traced = msgspec.json.encode(contact("cid", "DE", now))
    asyncio.run(produce(pipeline, "contact-changes", traced, lambda: None, headers=[TRACE]))
    wait_for(lambda: metrics.total("leadstream_salesforce_up") < 2, "a Salesforce that refuses")
    sandbox.clear_faults()
    sandbox.post("convert", lead=lead["Id"], amount=1000)
    wait_for(lambda: metrics.total("leadstream_opportunity_events_total") >= 1, "the opportunity")

    for count in range(3, 10):  # until a reading falls into a back-fill, which takes a moment
        pipeline.apply(with_a_past(count))
        read = (count - 2) * MANY_VISITS
        wait_for(partial(has_backfilled, metrics, read), "the back-fill")
        if "leadstream_backfill_left_records" in metrics.moving_names():
            break
    wait_for(lambda: metrics.total("leadstream_handovers_total", result="linked") == 2, "the second hand-over")
    for topic in ("journal", "segment-changes", "lead-changes", "qualified-leads", "crm-results"):
        assert traced_contacts(pipeline, topic) == {"cid"}, topic
    with redis_away(redis, metrics):
        hand_overs_wait(pipeline, sandbox, metrics)
    read_models_fall_behind(pipeline, metrics)
    records_are_gone(pipeline, metrics)

    os.kill(pid_of(metrics, "pipeline"), signal.SIGKILL)
    wait_for(lambda: metrics.total("leadstream_process_failures_total", exit_code="-9") == 1, "another start")
    wait_for(lambda: metrics.total("leadstream_slots", role="pipeline") == 2, "both slots again")
    os.kill(pid_of(metrics, "pipeline"), signal.SIGKILL)
    wait_for(lambda: metrics.total("leadstream_process_failures_total", exit_code="-9") == 2, "another start")


@contextmanager
def redis_away(redis: LocalRedis, metrics: WorkerMetrics) -> Iterator[None]:
    """No Redis while the block runs; it returns when the read models are whole again."""
    wait_for(lambda: metrics.total("leadstream_redis_up") == 1, "read models that are written")
    redis.stop()
    wait_for(lambda: metrics.total("leadstream_redis_up") == 0, "a Redis that is away")
    yield
    wait_for(lambda: metrics.total("leadstream_views_lag_seconds") > 0, "read models that are behind")
    redis.start()
    wait_for(lambda: metrics.total("leadstream_redis_up") == 1, "a Redis that is back")
    wait_for(lambda: metrics.total("leadstream_views_lag_seconds") == 0, "read models that have all")


def read_models_fall_behind(pipeline: Pipeline, metrics: WorkerMetrics) -> None:
    """Outputs come faster than they are applied, at a moment at which the views look how far they are."""
    at = instant_text(int(time.time() * 1000))
    for batch in range(1, 11):
        if "leadstream_views_lag_records" in metrics.moving_names():
            break
        first = batch * MANY_VISITS
        pipeline.publish([visit(number, at) for number in range(first, first + MANY_VISITS)])


def records_are_gone(pipeline: Pipeline, metrics: WorkerMetrics) -> None:
    """A record that the log loses before it is read stops its partition, until somebody accepts that."""

    def lose_it() -> None:  # while its transaction is open it cannot be read
        truncate_topic(pipeline.settings, "scoring-events", 1)
        wait_for(lambda: metrics.total("leadstream_source_stopped", topic="scoring-events") == 1, "a stop")

    asyncio.run(produce(pipeline, "scoring-events", b"no json", lose_it))
    pipeline.run_command("topics", "accept-gap", "--yes")
    wait_for(lambda: metrics.total("leadstream_source_stopped") == 0, "the partition that is read on")


def hand_overs_wait(pipeline: Pipeline, sandbox: SandboxClient, metrics: WorkerMetrics) -> None:
    """A record that is refused until it is set aside, a pause, and an account whose mapping does not fit."""
    now = instant_text(int(time.time() * 1000))
    refusal = {"code": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record"}
    for count, name in enumerate(("dan", "dora"), start=1):
        sandbox.add_fault("record_error", key=f"default/{name}", times=-1, **refusal)
        pipeline.publish([contact(name, "DE", now)])
        wait_for(lambda: metrics.total("leadstream_handovers_refused") == 1, "a record that is refused")
        wait_for(partial(has_set_aside, metrics, count), "the hand-over set aside")
    sandbox.clear_faults()
    pipeline.run_command("salesforce", "pause")
    wait_for(lambda: metrics.total("leadstream_handovers_paused") == 1, "the pause")
    pipeline.run_command("salesforce", "resume")
    wait_for(lambda: metrics.total("leadstream_handovers_paused") == 0, "its end")
    pipeline.run_command("salesforce", "pause", "--account", "default")
    wait_for(lambda: metrics.total("leadstream_handovers_account_paused_seconds", account="default") > 1, "its pause")
    pipeline.run_command("salesforce", "resume", "--account", "default")
    wait_for(lambda: metrics.total("leadstream_handovers_account_paused_seconds") == 0, "its end")
    pipeline.apply(f"{DEFINITIONS}    Plan__c: {{value: gold}}\n", "--without-salesforce")
    pipeline.publish([contact("eve", "DE", now)])
    wait_for(lambda: metrics.total("leadstream_handover_stopped_seconds") > 0, "an account that stands still")
    pipeline.apply(DEFINITIONS)
    wait_for(lambda: metrics.total("leadstream_handovers_total", result="linked") == 3, "and goes on")

"""A pipeline of all roles under traffic, and what Prometheus answers to each expression about it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from schemas.values import instant_text
from streams.settings import variable_name
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.metrics.metric_names import alert_rules, dashboard
from tests.harness.metrics.worker_metrics import WorkerMetrics, logged_address, wait_for
from tests.harness.salesforce.sandbox import SPRING, SandboxClient
from tests.programs.prometheus.server import PrometheusServer

_DEFINITIONS = f"""
account: default
segments:
  - {{id: german, dynamic: true, when: {{property: country, in: [DE]}}}}
  - {{id: readers, dynamic: true, when: {{visit: {{}}, count: {{gte: 2}}, within: 7d}}}}
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
_SERIES = re.compile(r"\b(?:leadstream_[a-z_]+|up)\b(?:\{[^}]*\})?")

ONLY_IN_TROUBLE = {
    'leadstream_time_hold_seconds{reason="not_read"}': "a partition that no worker has read yet",
    "leadstream_handovers_account_paused_seconds": "an account that is paused by command",
    "leadstream_handovers_set_aside_total": "a hand-over that was refused for too long",
}
"""What has no series in a pipeline that is well, and what it takes."""


@dataclass
class ExpressionReport:
    """What was asked, and what has no data."""

    asked: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)
    unhealthy_rules: list[str] = field(default_factory=list)
    firing: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether everything was answered, by data or for a reason that is known."""
        return bool(self.asked) and not self.silent and not self.unhealthy_rules

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{len(self.asked)} expressions, {len(self.silent)} without data",
                *(f"without data: {each}" for each in self.silent),
                *(f"without data while all is well: {each}" for each in self.excused),
                *(f"a rule that Prometheus cannot evaluate: {each}" for each in self.unhealthy_rules),
                *(f"alert: {each}" for each in self.firing),
            ]
        )


class AllRoles(Pipeline):
    """A pipeline whose worker has every role, that of Salesforce and that of the read models too."""

    @property
    def environment(self) -> dict[str, str]:
        """Every setting."""
        values = self.settings.model_dump(mode="json").items()
        return {variable_name(name): str(value) for name, value in values if value is not None}


def run(bootstrap: str, redis_url: str, sandbox: SandboxClient, folder: Path, seconds: float) -> ExpressionReport:
    """Runs a pipeline under traffic for so long, then asks everything that alerts and dashboard ask."""
    settings: dict[str, Any] = {"metrics_port": 0, "redis_url": redis_url, "grace_ms": 500}
    settings |= {"salesforce_url": sandbox.url, "salesforce_poll_ms": 500, "salesforce_currency": "EUR"}
    shape = {"clock": "wall", "partitions": 2, "in_partitions": 2}
    with AllRoles(bootstrap, fresh_prefix(), folder, **shape, **settings) as pipeline:
        pipeline.start_worker("w0", "all")
        address = logged_address(folder / "w0.log")
        metrics = WorkerMetrics(address)
        wait_for(lambda: metrics.health("ready")[0] == 200, "a ready worker")
        with PrometheusServer(folder, [address]) as prometheus:
            pipeline.apply(_DEFINITIONS)
            _make_traffic(pipeline, sandbox, metrics, seconds)
            return ask_everything(prometheus)


def _make_traffic(pipeline: Pipeline, sandbox: SandboxClient, metrics: WorkerMetrics, seconds: float) -> None:
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        number += 1
        pipeline.publish(list(_events(number)))
        asyncio.run(_write_refused(pipeline))
        if number == 1:
            wait_for(lambda: metrics.total("leadstream_handovers_total", result="linked") > 0, "a hand-over")
            sandbox.post("convert", lead=sandbox.live_records("Lead")[0]["Id"], amount=1000)


def _events(number: int) -> Iterator[dict[str, Any]]:
    at = instant_text(int(time.time() * 1000))
    for index in range(20):
        name = f"c{number}-{index}"
        yield {
            "id": f"e-{name}",
            "type": "contact.changed",
            "contact": name,
            "at": at,
            "properties": {"country": "DE" if index == 0 else "FR", "last_name": name},
        }
        yield {"id": f"v-{name}", "type": "web.visited", "contact": name, "at": at, "url": "https://a/b"}


async def _write_refused(pipeline: Pipeline) -> None:
    """One record that is refused, past `publish`."""
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.settings.bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait(f"{pipeline.settings.prefix}web-visits", b"no json")
    finally:
        await producer.stop()


def ask_everything(prometheus: PrometheusServer) -> ExpressionReport:
    """Asks each panel's expression, and each series that an alert looks at: an alert itself is silent while all is
    well.
    """
    report = ExpressionReport()
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            _ask(prometheus, report, f"panel {panel['title']!r}", _filled(target["expr"]))
    for rule in alert_rules():
        prometheus.count_series(rule["expr"])  # that it can be evaluated
        for series in sorted(set(_SERIES.findall(rule["expr"]))):
            _ask(prometheus, report, f"alert {rule['alert']}", series)
    for group in prometheus.ask("rules")["groups"]:
        for rule in group["rules"]:
            if rule["health"] != "ok":
                report.unhealthy_rules.append(f"{rule['name']}: {rule.get('lastError')}")
            if rule["state"] != "inactive":
                report.firing.append(f"{rule['name']} is {rule['state']}")
    return report


def _ask(prometheus: PrometheusServer, report: ExpressionReport, where: str, expression: str) -> None:
    report.asked.append(expression)
    if prometheus.count_series(expression):
        return
    reason = next((why for series, why in ONLY_IN_TROUBLE.items() if series in expression), None)
    (report.silent if reason is None else report.excused).append(
        f"{where}: {expression}" + ("" if reason is None else f" (needs {reason})")
    )


def _filled(expression: str) -> str:
    """An expression of the dashboard with Grafana's variables filled in."""
    return expression.replace("$__rate_interval", "30s").replace("$worker", ".*")

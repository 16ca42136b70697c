"""A deployment with a worker and `leadstream serve`, which starts a Redis of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.values import instant_text
from streams.clock import now_ms
from tests.harness.deployment.pipeline import Pipeline, wait_until
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.serve.server import LIMIT_SECONDS, ServeProcess

DEFINITIONS = """
properties: {employees: number}
segments:
- {id: german, name: Germans, dynamic: true, when: {property: country, eq: DE}}
- {id: keen, dynamic: true, when: {visit: {path: {starts_with: /pricing}}, count: {gte: 2}, within: 7d}}
- {id: vip, name: VIPs}
- {id: guests}
- {id: readers}
- {id: press}
campaigns:
- id: spring
  name: Spring
  audience: [german]
  scoring: [{id: pricing, when: {visit: {path: {starts_with: /pricing}}}, points: 10}]
  automation: [{id: hot, when: {points: {gte: 30}}, then: {set_status: qualified}}]
"""


@pytest.fixture(scope="module")
def served(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pipeline, ServeProcess]]:
    """The deployment with definitions, and its server when the read models are built."""
    folder = tmp_path_factory.mktemp("serve")
    with Pipeline(kafka, fresh_prefix(), folder, partitions=2, in_partitions=2) as pipeline:
        pipeline.apply(DEFINITIONS)
        pipeline.start_worker()
        with ServeProcess(folder, pipeline.environment) as server:
            server.wait_until_ready()
            yield pipeline, server


@pytest.fixture(scope="module")
def prospect(served: tuple[Pipeline, ServeProcess]) -> str:
    """The one German: looked at prices three times, so a qualified lead of `spring`."""
    pipeline, server = served
    name, at = "lovelace", instant_text(now_ms())
    contact = {"id": "c1", "type": "contact.changed", "at": at, "contact": name, "properties": {"country": "DE"}}
    visits = [
        {"id": f"v{number}", "type": "web.visited", "at": at, "contact": name, "url": "https://x.example/pricing"}
        for number in range(3)
    ]
    pipeline.publish([contact])
    wait_until(lambda: server.get(f"/contacts/{name}").status_code == 200, LIMIT_SECONDS, "no contact")
    pipeline.publish(visits)

    def lead_status() -> str:
        leads = server.get(f"/contacts/{name}").json()["leads"]
        return leads[0]["status"] if leads else ""

    wait_until(lambda: lead_status() == "qualified", LIMIT_SECONDS, "no qualified lead")
    return name


@pytest.fixture
def pipeline(served: tuple[Pipeline, ServeProcess]) -> Pipeline:
    """The deployment."""
    return served[0]


@pytest.fixture
def server(served: tuple[Pipeline, ServeProcess]) -> ServeProcess:
    """Its server."""
    return served[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for a server of a test's own."""
    return tmp_path

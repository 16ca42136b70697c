"""A Redis that is away costs the read models alone: everything is decided meanwhile, and shown once it is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import redis

from streams.settings import variable_name
from tests.harness.deployment.pipeline import LIMIT_SECONDS, Pipeline, wait_until
from tests.harness.metrics.worker_metrics import WorkerMetrics, logged_address, wait_for
from tests.harness.views.durable_redis import DurableRedis
from tests.harness.views.redis_snapshot import snapshot

CONTACTS = 60
DEFINITIONS = """
account: default
segments:
  - {id: german, dynamic: true, when: {property: country, in: [DE]}}
campaigns:
  - {id: spring, audience: [german]}
"""


class ViewedPipeline(Pipeline):
    """A pipeline whose worker has all roles, read models and metrics among them."""

    @property
    def environment(self) -> dict[str, str]:
        """The settings of every pipeline, and those of the worker."""
        more = {name: getattr(self.settings, name) for name in ("redis_url", "metrics_port")}
        return {**super().environment, **{variable_name(name): str(value) for name, value in more.items()}}


def contacts(start: int) -> list[dict[str, Any]]:
    """German ones, as many as there are in a portion."""
    return [
        {
            "id": f"e-{number}",
            "type": "contact.changed",
            "contact": f"c-{number}",
            "at": "2026-03-02T09:00:00.000Z",
            "properties": {"country": "DE"},
        }
        for number in range(start, start + CONTACTS)
    ]


def wait_until_decided(pipeline: Pipeline, count: int) -> None:
    def is_decided() -> bool:
        return all(len(pipeline.read_table(topic)) == count for topic in ("segment-members", "leads"))

    wait_until(is_decided, LIMIT_SECONDS, f"{count} members and leads")


def test_what_is_decided_without_a_redis_is_shown_once_there_is_one(kafka: str, prefix: str, tmp_path: Path) -> None:
    shape: dict[str, Any] = {"clock": "wall", "partitions": 2, "in_partitions": 2, "metrics_port": 0}
    server = DurableRedis(tmp_path / "redis")
    with ViewedPipeline(kafka, prefix, tmp_path, redis_url=server.url, **shape) as pipeline:
        pipeline.start_worker("w0", "all")
        metrics = WorkerMetrics(logged_address(tmp_path / "w0.log"))
        pipeline.apply(DEFINITIONS)
        pipeline.publish(contacts(0))
        wait_until_decided(pipeline, CONTACTS)
        wait_for(lambda: metrics.health("ready")[0] == 200, "a worker that is ready without a Redis")
        wait_for(lambda: problems(metrics) != [], "the problem")
        assert [
            each for each in problems(metrics) if f"no Redis answers at 127.0.0.1:{server.port}" not in each
        ] == []
        assert metrics.total("leadstream_redis_up") == 0
        with server, redis.Redis.from_url(server.url) as client:
            wait_for(lambda: members_in(client, prefix) == names(CONTACTS), "all that was decided before")
            wait_for(lambda: metrics.total("leadstream_redis_up") == 1, "the metric")
            assert problems(metrics) == []
        pipeline.publish(contacts(CONTACTS))
        wait_until_decided(pipeline, 2 * CONTACTS)
        assert metrics.health("ready")[0] == 200
        with server, redis.Redis.from_url(server.url) as client:
            wait_for(lambda: members_in(client, prefix) == names(2 * CONTACTS), "what was decided meanwhile")


def problems(metrics: WorkerMetrics) -> list[str]:
    """What the processes of the worker name, of whichever role."""
    return [problem for each in metrics.health("ready")[1]["processes"] for problem in each["problems"]]


def members_in(client: redis.Redis, prefix: str) -> set[str]:
    """What the read models say; nothing before they are built."""
    account = snapshot(client, prefix).get("default")
    return set(account["members"].get("german", ())) if account else set()


def names(count: int) -> set[str]:
    return {each["contact"] for start in range(0, count, CONTACTS) for each in contacts(start)}

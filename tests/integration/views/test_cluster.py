"""Read models in a Redis Cluster: all keys of an account lie in one slot, and nothing else is different."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from connectors.redis.connection import open_redis
from streams.views.reader import ViewReader
from tests.harness.cli import leadstream
from tests.harness.views.durable_redis import DurableRedis
from tests.harness.views.redis_snapshot import current_generation
from tests.harness.views.view_deployment import ViewDeployment, wait_until_true


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DurableRedis]:
    """A real server in cluster mode that has all slots."""
    with DurableRedis(tmp_path / "redis", **{"cluster-enabled": "yes"}) as server:
        with redis.Redis.from_url(server.url) as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
            wait_until_true(
                lambda: b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO"), lambda: "no cluster"
            )
        yield server


async def test_a_cluster_says_what_the_topics_say_before_and_after_a_rebuild(
    kafka: str, prefix: str, cluster: DurableRedis, tmp_path: Path
) -> None:
    with ViewDeployment(kafka, prefix, cluster.url, tmp_path) as deployment:
        deployment.write(200)
        deployment.start_consumer()
        deployment.wait_until_equal()
        deployment.write(200)
        expected = deployment.wait_until_equal()
        done = leadstream("views", "rebuild", env=deployment.environment)
        assert done.returncode == 0, done.stderr
        deployment.write(100)
        expected = deployment.wait_until_equal()
        with deployment.client() as client:
            generation = current_generation(client, prefix)
            for account in expected:
                keys = list(client.scan_iter(match=f"{prefix}leadstream:{{{account}}}:*"))
                assert len({client.execute_command("CLUSTER", "KEYSLOT", key) for key in keys}) == 1
                assert {int(key.decode().split(":")[2]) for key in keys} == {generation}
        async with open_redis(cluster.url) as reading:
            assert reading.is_cluster
            reader = ViewReader(reading, prefix)
            assert await reader.accounts() == sorted(expected)
            sizes = {each.segment: each.members for each in await reader.segments("acme")}
            members = {name: len(each) for name, each in expected["acme"]["members"].items()}
            assert {name: size for name, size in sizes.items() if size} == members

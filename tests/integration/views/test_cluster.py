"""Read models in a Redis Cluster: all keys of an account lie in one slot, those of others on other servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from connectors.ports import free_port
from connectors.redis.connection import open_redis
from streams.views.reader import ViewReader
from tests.harness.cli import leadstream
from tests.harness.views.durable_redis import DurableRedis
from tests.harness.views.redis_cluster import ClusterDeployment, LocalRedisCluster
from tests.harness.views.redis_snapshot import current_generation
from tests.harness.views.view_deployment import ViewDeployment, wait_until_true


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[DurableRedis]:
    """A real server in cluster mode that has all slots."""
    # By default servers of a cluster talk on a port 10,000 above their own, which not every free one leaves room for.
    settings = {"cluster-enabled": "yes", "cluster-port": str(free_port())}
    with DurableRedis(tmp_path / "redis", **settings) as server:
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


async def test_accounts_on_several_servers_outlive_the_loss_of_one(kafka: str, prefix: str, tmp_path: Path) -> None:
    with (
        LocalRedisCluster(tmp_path, 3) as cluster,
        ClusterDeployment(kafka, prefix, cluster.servers[0].url, tmp_path) as deployment,
    ):
        deployment.write(200)
        deployment.start_consumer()
        expected = deployment.wait_until_equal()
        homes = {account: cluster.server_of(f"{{{account}}}") for account in expected}
        assert len(set(homes.values())) == len(expected) == 2
        done = leadstream("views", "rebuild", env=deployment.environment)
        assert done.returncode == 0, done.stderr
        deployment.write(100)
        expected = deployment.wait_until_equal()
        # The address names one server, whichever; the others are found.
        async with open_redis(cluster.servers[1].url) as reading:
            reader = ViewReader(reading, prefix)
            assert await reader.accounts() == sorted(expected)
            for account, models in expected.items():
                sizes = {each.segment: each.members for each in await reader.segments(account)}
                members = {name: len(each) for name, each in models["members"].items()}
                assert {name: size for name, size in sizes.items() if size} == members
        lost = homes["acme"]
        with redis.Redis.from_url(lost.url) as client:
            assert client.dbsize() > 0
            client.flushall()
        deployment.write(50)
        deployment.wait_until_equal()
        lost.kill()
        deployment.write(50)
        wait_until_true(lambda: cluster.is_down_for(homes["default"]), lambda: "nobody misses the server")
        lost.start()
        deployment.wait_until_equal(restart=True)

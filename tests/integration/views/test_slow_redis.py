"""A Redis that stands still or refuses delays the read models, and ends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from connectors.ports import free_port
from streams.views.consumer import ViewConsumer
from streams.views.deployment import Deployment
from streams.views.rebuild import Rebuild
from tests.harness.deployment.counting_deployment import wait_until
from tests.harness.views.durable_redis import DurableRedis
from tests.harness.views.view_deployment import ViewDeployment, wait_until_true


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DurableRedis]:
    with DurableRedis(tmp_path / "redis") as server:
        yield server


def test_a_login_that_is_refused_later_on_is_logged_once_and_the_consumer_goes_on_waiting(
    kafka: str, prefix: str, server: DurableRedis, tmp_path: Path
) -> None:
    with ViewDeployment(kafka, prefix, server.url, tmp_path) as deployment:
        deployment.write(50)
        consumer = deployment.start_consumer()
        deployment.wait_until_equal()
        with deployment.client() as client:
            client.config_set("requirepass", "secret")
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        wait_until_true(lambda: "refuses" in deployment.log_path.read_text(), deployment.log_path.read_text)
        assert consumer.poll() is None
        assert deployment.log_path.read_text().count("refuses") == 1
        assert "secret" not in deployment.log_path.read_text()


def test_a_redis_that_stands_still_is_waited_for(
    kafka: str, prefix: str, server: DurableRedis, tmp_path: Path
) -> None:
    with ViewDeployment(kafka, prefix, server.url, tmp_path) as deployment:
        deployment.write(50)
        consumer = deployment.start_consumer()
        deployment.wait_until_equal()
        with server.standing_still():
            deployment.write(50)
            wait_until_true(
                lambda: "no Redis answers" in deployment.log_path.read_text(), deployment.log_path.read_text
            )
        deployment.wait_until_equal()
        assert consumer.poll() is None


def test_a_redis_that_is_full_is_logged_once_until_it_has_memory_again(
    kafka: str, prefix: str, server: DurableRedis, tmp_path: Path
) -> None:
    with ViewDeployment(kafka, prefix, server.url, tmp_path) as deployment:
        deployment.write(50)
        deployment.start_consumer()
        deployment.wait_until_equal()
        with deployment.client() as client:
            client.config_set("maxmemory", 1)
            deployment.write(50)
            wait_until_true(lambda: "is full" in deployment.log_path.read_text(), deployment.log_path.read_text)
            before = connections(client)
            wait_until_true(lambda: connections(client) >= before + 4, deployment.log_path.read_text)
            assert deployment.log_path.read_text().count("is full") == 1
            client.config_set("maxmemory", 0)
        deployment.wait_until_equal()


async def test_without_a_redis_the_process_is_ready_and_says_what_is_wrong(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    with ViewDeployment(kafka, prefix, f"redis://127.0.0.1:{free_port()}/0", tmp_path) as deployment:
        consumer = ViewConsumer(deployment.settings, deployment.redis_url)
        assert consumer.status.ready_since is None
        running = asyncio.create_task(consumer.run())

        async def is_ready() -> bool:
            return consumer.status.ready_since is not None

        await wait_until(is_ready, "ready")
        assert "no Redis answers" in (consumer.status.problem or "")
        consumer.stop()
        await running


async def test_a_rebuild_under_way_does_not_keep_a_worker_from_stopping(
    kafka: str, prefix: str, server: DurableRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_building = asyncio.Event()

    async def build_without_an_end(_: Rebuild) -> Deployment:
        is_building.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(Rebuild, "run", build_without_an_end)
    with ViewDeployment(kafka, prefix, server.url, tmp_path) as deployment:
        consumer = ViewConsumer(deployment.settings, deployment.redis_url)
        running = asyncio.create_task(consumer.run())
        await is_building.wait()
        consumer.stop()
        async with asyncio.timeout(10):
            await running


def connections(client: redis.Redis) -> int:
    """How many connections the server has accepted: each attempt of a consumer makes one."""
    return int(client.info("stats")["total_connections_received"])

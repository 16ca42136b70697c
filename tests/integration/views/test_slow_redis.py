"""A Redis that stands still or refuses delays the read models, and ends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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

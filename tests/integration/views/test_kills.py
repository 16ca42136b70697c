"""A few kills at chosen commands; `python -m tests.programs.view_kills` does many."""

from __future__ import annotations

from pathlib import Path

from connectors.kafka.broker import LocalBroker
from tests.harness.views.durable_redis import DurableRedis
from tests.harness.views.redis_gateway import RedisGateway
from tests.harness.views.view_deployment import ViewDeployment
from tests.programs.view_kills.plan import BUILD_POINTS, UPDATE_POINTS, Kill, Point, Undertaking, Victim
from tests.programs.view_kills.run import ViewKillRun

POINTS = {point.name: point for point in (*UPDATE_POINTS, *BUILD_POINTS)}


def test_whatever_dies_around_the_swap_redis_says_what_the_topics_say(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    kills = [
        kill("updates", "process", POINTS["operations"]),
        kill("first build", "process", POINTS["swap"]),
        kill("rebuild", "process", POINTS["progress"]),
        kill("rebuild", "redis", POINTS["swap"]),
    ]
    with (
        DurableRedis(tmp_path / "redis") as server,
        RedisGateway(server.port) as gateway,
        ViewDeployment(kafka, prefix, server.url, tmp_path, gateway_url=gateway.url) as deployment,
    ):
        report = ViewKillRun(deployment, server, gateway, patience=60).run(kills)
    assert report.kills == len(kills)
    assert report.missed == 0


def test_a_broker_that_dies_while_outputs_are_applied_loses_and_doubles_none(prefix: str, tmp_path: Path) -> None:
    with (
        LocalBroker(tmp_path / "kafka") as broker,
        DurableRedis(tmp_path / "redis") as server,
        RedisGateway(server.port) as gateway,
        ViewDeployment(broker.bootstrap, prefix, server.url, tmp_path, gateway_url=gateway.url) as deployment,
    ):
        report = ViewKillRun(deployment, server, gateway, broker, patience=60).run(
            [kill("updates", "broker", POINTS["operations"])]
        )
    assert (report.kills, report.missed) == (1, 0)


def kill(undertaking: Undertaking, victim: Victim, point: Point) -> Kill:
    return Kill(undertaking, victim, point, 1, "after", "as saved")

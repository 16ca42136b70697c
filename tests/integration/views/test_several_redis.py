"""Each Redis of a deployment has all of its outputs, however many there are; workers of one Redis share them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.view_groups import new_embedded_name, view_group_id
from tests.harness.cli import leadstream
from tests.harness.serve.server import ServeProcess
from tests.harness.views.durable_redis import DurableRedis
from tests.harness.views.view_deployment import ViewDeployment, run_apart, wait_until_true

URL = re.compile(r"redis://127.0.0.1:[0-9]+/0")


@contextmanager
def filled_redis(kafka: str, prefix: str, folder: Path, group: str | None = None) -> Iterator[ViewDeployment]:
    """The deployment with a Redis of its own for the group."""
    folder.mkdir()
    with (
        DurableRedis(folder / "redis") as server,
        ViewDeployment(kafka, prefix, server.url, folder, group=group) as deployment,
    ):
        yield deployment


@pytest.fixture
def deployment(kafka: str, prefix: str, tmp_path: Path) -> Iterator[ViewDeployment]:
    with filled_redis(kafka, prefix, tmp_path / "first") as deployment:
        yield deployment


def test_two_redis_have_everything_and_two_workers_of_one_share_it(
    deployment: ViewDeployment, kafka: str, prefix: str, tmp_path: Path
) -> None:
    with filled_redis(kafka, prefix, tmp_path / "second", group="second") as second:
        for each in (deployment, second):  # workers of one name in each: they are no duplicates
            each.start_consumer("w1")
        deployment.start_consumer("w2")
        for each in (deployment, second):
            each.wait_until_equal()
        wait_until_shared_out(deployment, {"w1-views", "w2-views"})
        deployment.write(200)  # what is there at the start is read without a group
        for each in (deployment, second):
            each.wait_until_equal()
        total = len(deployment.ends())
        shares = shares_by_group(deployment)
        assert shares.keys() == {f"{prefix}leadstream-views", f"{prefix}leadstream-views-second"}
        own = shares[f"{prefix}leadstream-views"]
        assert own.keys() == {"w1-views", "w2-views"}
        assert sum(own.values()) == total
        assert max(own.values()) < total
        assert shares[f"{prefix}leadstream-views-second"] == {"w1-views": total}
        assert [each.poll() for each in (*deployment.consumers, *second.consumers)] == [None, None, None]


def test_two_servers_with_a_redis_of_their_own_have_everything_and_leave_no_group(
    deployment: ViewDeployment, tmp_path: Path
) -> None:
    environment = {**deployment.environment, "LEADSTREAM_DATA_DIR": str(tmp_path), "LEADSTREAM_NAME": "w1"}
    del environment["LEADSTREAM_REDIS_URL"]
    deployment.write(100)
    with ServeProcess(tmp_path, environment) as one, ServeProcess(tmp_path, environment) as another:
        for server in (one, another):
            server.wait_until_ready()
            wait_until_true(lambda: is_whole(deployment, server), lambda: server.text)  # noqa: B023
        deployment.write(200)
        for server in (one, another):
            contents_of(deployment, server, tmp_path).wait_until_equal()
        groups = embedded_groups(deployment)
        assert len(groups) == 2
        views = [server.get("/workers").json()["views"] for server in (one, another)]
        assert {each["group"] for each in views} == groups
        assert [each["workers"] for each in views] == [1, 1]
        assert {each["group"] for each in status(deployment)["views"]["others"]} == groups
        assert one.stop()[0] == 0
        assert embedded_groups(deployment) == {views[1]["group"]}
        assert another.stop()[0] == 0
        assert embedded_groups(deployment) == set()
        assert "another worker is named" not in one.text + another.text


def test_a_redis_that_ended_with_its_killed_process_is_soon_no_part_of_the_status(
    deployment: ViewDeployment, kafka: str, prefix: str, tmp_path: Path
) -> None:
    with filled_redis(kafka, prefix, tmp_path / "second", group=new_embedded_name()) as second:
        group = view_group_id(second.settings)
        second.write(20)
        consumer = second.start_consumer()

        def lag_of_group() -> list[Any]:
            others = status(deployment)["views"]["others"]
            return [topic for each in others if each["group"] == group for topic in each["lag"]]

        wait_until_true(lambda: bool(lag_of_group()), second.log_path.read_text)
        consumer.kill()
        consumer.wait()
        wait_until_true(lambda: not status(deployment)["views"]["others"], lambda: "it is still told")
        assert embedded_groups(deployment) == {group}, "Kafka keeps it for a while"
        assert "embedded-" not in leadstream("status", env=deployment.environment).stdout


def status(deployment: ViewDeployment) -> dict[str, Any]:
    done = leadstream("status", "--json", env=deployment.environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def shares_by_group(deployment: ViewDeployment) -> Mapping[str, Mapping[str, int]]:
    """Group to its workers of the read models and how many partitions each has."""
    shares: dict[str, dict[str, int]] = {}
    for each in status(deployment)["workers"]:
        shares.setdefault(each["group"], {})[each["name"]] = each["partitions"]
    return shares


def wait_until_shared_out(deployment: ViewDeployment, names: set[str]) -> None:
    own = view_group_id(deployment.settings)

    def is_shared_out() -> bool:
        shares = shares_by_group(deployment).get(own, {})
        return shares.keys() == names and all(shares.values())

    wait_until_true(is_shared_out, deployment.log_path.read_text)


def is_whole(deployment: ViewDeployment, server: ServeProcess) -> bool:
    """Whether the server's own worker has every partition, so that what comes now reaches it by its group."""
    partitions = server.get("/views").json()["partitions"]
    return len(partitions) == len(deployment.ends())


def contents_of(deployment: ViewDeployment, server: ServeProcess, folder: Path) -> ViewDeployment:
    """The deployment as the embedded Redis of a server has it."""
    settings = deployment.settings
    (url,) = set(URL.findall(server.text))
    found = ViewDeployment(settings.bootstrap, settings.prefix, url, folder)
    found.log_path.touch()
    return found


def embedded_groups(deployment: ViewDeployment) -> set[str]:
    """The groups of embedded Redis servers that Kafka knows."""
    beginning = f"{deployment.settings.prefix}leadstream-views-embedded-"

    async def list_groups() -> set[str]:
        admin: Any = AIOKafkaAdminClient(bootstrap_servers=deployment.settings.bootstrap)
        await admin.start()
        try:
            return {group for group, _ in await admin.list_consumer_groups() if group.startswith(beginning)}
        finally:
            await admin.close()

    return run_apart(list_groups())

"""Read models say what the topics say, each output counted once, whatever dies meanwhile."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import redis

from connectors.kafka.broker import LocalBroker
from connectors.redis.connection import open_redis
from streams.views.keys import DeploymentKeys
from streams.views.rebuild import Rebuild
from tests.harness.cli import leadstream
from tests.harness.views.durable_redis import DurableRedis
from tests.harness.views.redis_snapshot import all_text, current_generation
from tests.harness.views.view_deployment import ViewDeployment, wait_until_true


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DurableRedis]:
    with DurableRedis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def deployment(kafka: str, prefix: str, server: DurableRedis, tmp_path: Path) -> Iterator[ViewDeployment]:
    with ViewDeployment(kafka, prefix, server.url, tmp_path) as deployment:
        yield deployment


def test_what_was_there_before_and_what_comes_is_in_the_read_models(deployment: ViewDeployment) -> None:
    deployment.write(200)
    deployment.start_consumer()
    expected = deployment.wait_until_equal()
    assert sorted(expected) == ["acme", "default"]
    deployment.write(200)
    deployment.wait_until_equal()


def test_a_consumer_that_is_killed_again_and_again_counts_every_output_once(deployment: ViewDeployment) -> None:
    deployment.start_consumer("views")
    with deployment.writing():
        for _ in range(4):
            wait_for_progress(deployment)
            deployment.consumers[-1].kill()
            deployment.consumers[-1].wait()
            deployment.start_consumer("views")
    deployment.wait_until_equal()


def test_a_redis_that_loses_everything_is_filled_from_the_topics(
    deployment: ViewDeployment, server: DurableRedis
) -> None:
    deployment.write(300)
    deployment.start_consumer()
    deployment.wait_until_equal()
    server.kill()
    deployment.write(100)
    server.forget()
    server.start()
    deployment.wait_until_equal()
    assert deployment.consumers[0].poll() is None


def test_a_redis_that_goes_back_in_time_is_brought_up_to_date_from_where_it_is(
    deployment: ViewDeployment, server: DurableRedis
) -> None:
    deployment.write(300)
    deployment.start_consumer()
    deployment.wait_until_equal()
    with deployment.client() as client:
        before = current_generation(client, deployment.settings.prefix)
    server.save()
    deployment.write(200)
    deployment.wait_until_equal()
    server.kill()  # the log of the last 200 steps is gone with it
    server.start()
    deployment.wait_until_equal()
    with deployment.client() as client:
        assert current_generation(client, deployment.settings.prefix) == before


def test_a_redis_that_is_killed_under_writes_counts_every_output_once(
    deployment: ViewDeployment, server: DurableRedis
) -> None:
    deployment.start_consumer()
    deployment.write(100)
    deployment.wait_until_equal()
    with deployment.writing():
        for number in range(3):
            wait_for_progress(deployment)
            if number == 1:
                server.save()
            server.kill()
            server.start()
    deployment.wait_until_equal()
    assert deployment.consumers[0].poll() is None


def test_two_consumers_share_the_partitions_and_one_takes_over_from_the_other(deployment: ViewDeployment) -> None:
    deployment.write(100)
    first, second = deployment.start_consumer("a"), deployment.start_consumer("b")
    deployment.wait_until_equal()
    deployment.write(200)
    deployment.wait_until_equal()
    first.kill()
    first.wait()
    deployment.write(200)
    deployment.wait_until_equal()
    assert second.poll() is None


def test_a_rebuild_under_traffic_leaves_readers_undisturbed_and_takes_former_keys_away(
    deployment: ViewDeployment,
) -> None:
    deployment.write(300)
    deployment.start_consumer()
    deployment.wait_until_equal()
    with deployment.client() as client:
        before = current_generation(client, deployment.settings.prefix)
    with deployment.writing():
        done = leadstream("views", "rebuild", "--json", env=deployment.environment)
    assert done.returncode == 0, done.stderr
    deployment.wait_until_equal()
    with deployment.client() as client:
        after = current_generation(client, deployment.settings.prefix)
        assert before is not None
        assert after is not None
        assert after > before
        assert not list(client.scan_iter(match=f"*:{before}*"))


async def test_a_rebuild_takes_away_what_one_that_was_killed_left(deployment: ViewDeployment) -> None:
    keys = DeploymentKeys(deployment.settings.prefix)
    deployment.write(50)
    async with open_redis(deployment.redis_url) as client:
        await client.execute("SADD", keys.generations, 7)
        await client.execute("HSET", keys.generation("default", 7).contact("ada"), "row", "{}")
        await Rebuild(deployment.settings, client).run()
        assert await client.execute("EXISTS", keys.generation("default", 7).contact("ada")) == 0
    assert deployment.snapshot() == deployment.expected()


def test_a_rebuilt_feed_has_the_changes_of_all_partitions_in_the_order_of_their_writing(
    deployment: ViewDeployment,
) -> None:
    deployment.write(300)
    assert leadstream("views", "rebuild", env=deployment.environment).returncode == 0
    written = {
        msgspec.json.decode(record.value)["id"]: record.timestamp
        for topic in ("segment-changes", "lead-changes", "crm-results")
        for record in deployment.records(topic)
    }
    with deployment.client() as client:
        key = f"{deployment.settings.prefix}leadstream:{{default}}:"
        feed = client.xrange(f"{key}{current_generation(client, deployment.settings.prefix)}:changes")
    assert len(feed) > 50
    places = [int(position.partition(b"-")[0]) for position, _ in feed]
    assert places == [written[msgspec.json.decode(fields[b"json"])["id"]] for _, fields in feed]


def test_an_erased_contact_is_nowhere_in_redis(deployment: ViewDeployment) -> None:
    deployment.start_consumer()
    deployment.write(600)
    expected = deployment.wait_until_equal()
    # Made-up contacts are erased now and then; those without a row now have left nothing behind.
    with deployment.client() as client:
        lines = all_text(client).splitlines()
    keys = {record.key.decode() for record in deployment.records("contacts")}
    erased = [key for key in keys if key.partition("/")[2] not in expected[key.partition("/")[0]]["contacts"]]
    assert erased
    for account, _, contact in (key.partition("/") for key in erased):
        own = [line for line in lines if f"{{{account}}}" in line]
        assert len(own) > 10
        assert not [line for line in own if contact in line]


def test_a_broker_that_restarts_delays_the_read_models_only(
    prefix: str, server: DurableRedis, tmp_path: Path
) -> None:
    with (
        LocalBroker(tmp_path / "kafka") as broker,
        ViewDeployment(broker.bootstrap, prefix, server.url, tmp_path) as deployment,
    ):
        deployment.write(200)
        deployment.start_consumer()
        deployment.wait_until_equal()
        broker.stop()
        broker.start()
        deployment.write(200)
        deployment.wait_until_equal(restart=True)


def test_without_a_redis_the_role_says_what_to_set(kafka: str, prefix: str, tmp_path: Path) -> None:
    environment = {"LEADSTREAM_BOOTSTRAP": kafka, "LEADSTREAM_PREFIX": prefix, "LEADSTREAM_DATA_DIR": str(tmp_path)}
    for arguments in (["views", "rebuild"],):
        done: subprocess.CompletedProcess[str] = leadstream(*arguments, env=environment)
        assert done.returncode == 78
        assert "LEADSTREAM_REDIS_URL is not set" in done.stderr


def wait_for_progress(deployment: ViewDeployment) -> None:
    """Until some record more is applied, as the offsets of an account say."""
    before = offsets_text(deployment)
    wait_until_true(lambda: offsets_text(deployment) not in ("", before), deployment.log_path.read_text)


def offsets_text(deployment: ViewDeployment) -> str:
    """The offsets of an account; empty while there are none."""
    prefix = deployment.settings.prefix
    try:
        with deployment.client() as client:
            key = f"{prefix}leadstream:{{default}}:{current_generation(client, prefix)}:offsets"
            fields = client.hgetall(key)
            return repr(sorted(fields.items())) if fields else ""
    except redis.RedisError:
        return ""

"""The connection to a real server: what is wrong with it is one clear line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import redis

from connectors.ports import free_port
from connectors.redis.connection import Script, open_redis
from streams.errors import RedisRefused, RedisUnavailable
from streams.serve.live.event_stream import MAX_STREAMS
from tests.harness.views.durable_redis import DurableRedis

ECHO = Script("return {KEYS[1], ARGV[1]}")


async def test_a_script_runs_though_the_server_forgot_it(tmp_path: Path) -> None:
    with DurableRedis(tmp_path) as server:
        async with open_redis(server.url) as client:
            assert not client.is_cluster
            for _ in range(2):
                assert await client.run(ECHO, ["a"], [1]) == [b"a", b"1"]
                assert await client.run_all(ECHO, [(["a"], [1]), (["b"], [2])]) == [[b"a", b"1"], [b"b", b"2"]]
                await client.execute("SCRIPT", "FLUSH")


async def test_a_script_that_only_reads_is_counted_apart_and_may_not_write(tmp_path: Path) -> None:
    reading = Script("return redis.call('GET', KEYS[1])", only_reads=True)
    writing = Script("return redis.call('SET', KEYS[1], 1)", only_reads=True)
    with DurableRedis(tmp_path) as server:
        async with open_redis(server.url) as client:
            await client.execute("SET", "a", "1")
            for _ in range(2):
                assert await client.run(reading, ["a"], []) == b"1"
                await client.execute("SCRIPT", "FLUSH")
            with pytest.raises(RedisRefused, match="Write commands are not allowed from read-only scripts"):
                await client.run(writing, ["a"], [])
            commands = (await client.execute("INFO", "commandstats")).decode()
    assert "cmdstat_evalsha_ro:calls=3," in commands
    assert "cmdstat_evalsha:" not in commands


async def test_many_that_wait_for_changes_leave_room_for_others(tmp_path: Path) -> None:
    with DurableRedis(tmp_path) as server:
        async with open_redis(server.url) as client:
            waiting = [
                asyncio.create_task(client.execute("XREAD", "BLOCK", 5_000, "STREAMS", "changes", "0-0"))
                for _ in range(MAX_STREAMS)
            ]
            async with asyncio.timeout(60):
                while int(_field(await client.execute("INFO", "clients"), "blocked_clients")) < MAX_STREAMS:
                    assert not [task for task in waiting if task.done()]
            await client.execute("XADD", "changes", "*", "name", "value")
            assert all(await asyncio.gather(*waiting))


def _field(information: bytes, name: str) -> str:
    return dict(row.split(":", 1) for row in information.decode().split() if ":" in row)[name]


async def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(RedisUnavailable, match=r"no Redis answers at 127\.0\.0\.1"):
        async with open_redis(f"redis://127.0.0.1:{free_port()}/0"):
            pass


@pytest.mark.parametrize("login", ["", "user:wrong@", ":wrong@"])
async def test_a_login_that_does_not_fit_is_refused(tmp_path: Path, login: str) -> None:
    with DurableRedis(tmp_path) as server:
        with redis.Redis.from_url(server.url) as client:
            client.config_set("requirepass", "right")
        address = server.url.removeprefix("redis://")
        with pytest.raises(RedisRefused, match="user and password") as refusal:
            async with open_redis(f"redis://{login}{address}"):
                pass
        assert "wrong" not in str(refusal.value).replace("WRONGPASS", "")
        async with open_redis(f"redis://:right@{address}") as reading:
            assert await reading.execute("PING") in (b"PONG", True)


async def test_a_server_that_evicts_keys_is_refused_and_one_that_is_full_is_waited_for(tmp_path: Path) -> None:
    with DurableRedis(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        client.config_set("maxmemory", "2mb")
        async with open_redis(server.url) as writing:
            commands = [("SET", f"key-{number}", "x" * 100_000) for number in range(100)]
            with pytest.raises(RedisUnavailable, match="is full"):
                await writing.execute_all(commands)
        for policy in ("allkeys-lru", "volatile-ttl"):
            client.config_set("maxmemory-policy", policy)
            with pytest.raises(RedisRefused, match="maxmemory-policy noeviction"):
                async with open_redis(server.url):
                    pass


async def test_what_a_body_raises_is_not_taken_for_an_error_of_redis(tmp_path: Path) -> None:
    with DurableRedis(tmp_path) as server, pytest.raises(ConnectionResetError):
        async with open_redis(server.url):
            raise ConnectionResetError

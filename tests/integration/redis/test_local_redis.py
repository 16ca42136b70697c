"""The local Redis is a real server."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from connectors.redis.local import LocalRedis
from streams.errors import LocalRedisError


def test_a_client_writes_and_reads(tmp_path: Path) -> None:
    with LocalRedis(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        client.set("lead", "qualified")
        assert client.get("lead") == b"qualified"


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with LocalRedis(tmp_path / "first") as first:
        port = int(first.url.split(":")[2].removesuffix("/0"))
        with pytest.raises(LocalRedisError, match="already in use"):
            LocalRedis(tmp_path / "second", port).start()


def test_before_the_start_there_is_no_address(tmp_path: Path) -> None:
    with pytest.raises(LocalRedisError, match="not started"):
        _ = LocalRedis(tmp_path).url

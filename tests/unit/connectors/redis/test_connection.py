"""What Redis and redis-py say becomes one of two errors, and no message shows a password."""

from __future__ import annotations

import pytest
from redis import exceptions

from connectors.redis.connection import address_of, has_read_only_scripts, hash_fields, redis_errors
from streams.errors import RedisRefused, RedisUnavailable


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ConnectionError("Error 111 connecting"),
        exceptions.TimeoutError("Timeout reading"),
        exceptions.BusyLoadingError("loading"),
        exceptions.ReadOnlyError("You can't write against a read only replica."),
        exceptions.ClusterDownError("CLUSTERDOWN"),
        exceptions.RedisClusterException("no node"),
        exceptions.ResponseError("MISCONF Redis is configured to save RDB snapshots"),
        exceptions.RedisError("else"),
        ConnectionResetError(),
    ],
)
def test_what_passes_is_unavailable(error: Exception) -> None:
    with pytest.raises(RedisUnavailable, match=r"cache:6379"), redis_errors("cache:6379"):
        raise error


def test_a_full_redis_says_what_to_do() -> None:
    with pytest.raises(RedisUnavailable, match="raise its maxmemory"), redis_errors("cache:6379"):
        raise exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'.")


@pytest.mark.parametrize(
    "error",
    [
        exceptions.AuthenticationError("WRONGPASS"),
        exceptions.NoPermissionError("this user has no permissions"),
        exceptions.ConnectionError("NOAUTH Authentication required."),
        exceptions.ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"),
    ],
)
def test_what_a_person_has_to_mend_is_refused(error: Exception) -> None:
    with pytest.raises(RedisRefused, match="LEADSTREAM_REDIS_URL"), redis_errors("cache:6379"):
        raise error


def test_an_address_has_no_password() -> None:
    assert address_of("rediss://user:secret@cache.example:6380/0") == "cache.example:6380"
    assert address_of("redis://[::1]/0") == "[::1]:6379"


def test_a_hash_is_a_list_of_names_and_values() -> None:
    assert hash_fields([b"a", b"1", b"b", b"2"]) == {b"a": b"1", b"b": b"2"}


@pytest.mark.parametrize(
    ("fields", "is_apart"),
    [
        ({"redis_version": "7.2.4"}, True),
        ({"redis_version": "10.0.0", "cluster_enabled": "0"}, True),
        ({"redis_version": "6.2.14"}, False),
        ({}, False),
        ({"redis_version": "7.2.4", "cluster_enabled": "1"}, False),
    ],
)
def test_scripts_that_read_have_commands_of_their_own_where_the_server_has_them(
    fields: dict[str, str], is_apart: bool
) -> None:
    assert has_read_only_scripts(fields) == is_apart

"""Connects to the Redis of `LEADSTREAM_REDIS_URL`: one server or a Redis Cluster, plain or with TLS and password."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from hashlib import sha1
from typing import Any, Protocol
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterDownError,
    ClusterError,
    MasterDownError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from streams.errors import RedisRefused, RedisUnavailable

TIMEOUT_SECONDS = 10.0
"""The longest time that one answer is waited for."""
MAX_CONNECTIONS = 1_000
"""To one server. A reader that waits for changes has one to itself, so this is far more than streams may be open."""

_REFUSALS = (AuthenticationError, AuthorizationError, NoPermissionError)
_TRANSIENT = (
    RedisConnectionError,
    RedisTimeoutError,
    BusyLoadingError,
    ClusterDownError,
    ClusterError,
    MasterDownError,
    ReadOnlyError,
    RedisClusterException,
    TryAgainError,
    OSError,
    TimeoutError,
)
# What a server says of a login is in its text only, as long as the client greets it in the old protocol.
_LOGIN_REFUSAL = re.compile(r"NOAUTH|WRONGPASS|NOPERM|invalid (username-)?password|no password is set", re.IGNORECASE)

_PLAIN_COMMANDS = ("HGETALL", "HMGET", "INFO", "SCAN", "SMEMBERS", "XRANGE", "XREAD", "XREVRANGE", "ZREVRANGEBYSCORE")

Argument = str | bytes | int | float
"""A part of a command."""

Command = Sequence[Argument]
"""The name of a command and its arguments."""


class Script:
    """A Lua script, run by its hash; the server is sent the text when it does not know it.

    With `only_reads` the server refuses every write of it, and counts its time apart from that of scripts that write.
    """

    def __init__(self, text: str, *, only_reads: bool = False) -> None:
        self.text = text
        self.only_reads = only_reads
        self.sha = sha1(text.encode(), usedforsecurity=False).hexdigest()


class RedisClient(Protocol):
    """What the read models use of Redis. Every method raises RedisUnavailable and RedisRefused."""

    @property
    def is_cluster(self) -> bool:
        """Whether the server belongs to a Redis Cluster."""

    async def execute(self, *command: Argument) -> Any:
        """The answer of a command as the server gives it: text as bytes, a hash as a list (see `hash_fields`)."""

    async def execute_all(self, commands: Sequence[Command]) -> list[Any]:
        """The answers of commands that are sent together and are no transaction."""

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """The answer of a script; its keys lie in one slot."""

    async def run_all(self, script: Script, calls: Sequence[ScriptCall]) -> list[Any]:
        """The answers of a script that is run again and again, in order where the first keys are equal.

        A script may be run twice when the server did not know it.
        """

    def scan(self, pattern: str) -> AsyncIterator[Sequence[bytes]]:
        """The keys that match a pattern, in portions; a key that comes or goes meanwhile may be left out."""


ScriptCall = tuple[Sequence[str], Sequence[Argument]]
"""Keys and arguments of one run of a script."""


class _Client:
    """A RedisClient over redis-py; `address` is for messages and has no password in it."""

    def __init__(self, client: Any, address: str, fields: Mapping[str, str]) -> None:
        self._client = client
        self._address = address
        self.is_cluster = is_in_cluster(fields)
        self._has_read_only_scripts = has_read_only_scripts(fields)

    async def execute(self, *command: Argument) -> Any:
        with redis_errors(self._address):
            return await self._client.execute_command(*command)

    async def execute_all(self, commands: Sequence[Command]) -> list[Any]:
        with redis_errors(self._address):
            return _raise_first(await self._pipeline(commands))

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        kind = "_RO" if script.only_reads and self._has_read_only_scripts else ""
        with redis_errors(self._address):
            try:
                return await self._client.execute_command("EVALSHA" + kind, script.sha, len(keys), *keys, *arguments)
            except NoScriptError:
                return await self._client.execute_command("EVAL" + kind, script.text, len(keys), *keys, *arguments)

    async def run_all(self, script: Script, calls: Sequence[ScriptCall]) -> list[Any]:
        commands = [("EVALSHA", script.sha, len(keys), *keys, *arguments) for keys, arguments in calls]
        with redis_errors(self._address):
            answers = await self._pipeline(commands)
            if any(isinstance(answer, NoScriptError) for answer in answers):
                await self._client.execute_command("SCRIPT LOAD", script.text)
                answers = await self._pipeline(commands)
            return _raise_first(answers)

    async def _pipeline(self, commands: Sequence[Command]) -> list[Any]:
        """The answers, errors among them. Commands for one server of a cluster go there in their order."""
        if not commands:
            return []
        async with self._client.pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
            return answers

    async def scan(self, pattern: str) -> AsyncIterator[Sequence[bytes]]:
        servers: Sequence[Any] = self._client.get_primaries() if self.is_cluster else [self._client]
        for server in servers:
            cursor = 0
            while True:
                with redis_errors(self._address):
                    answer = await server.execute_command("SCAN", cursor, "MATCH", pattern, "COUNT", 1_000)
                cursor, keys = int(answer[0]), answer[1]
                if keys:
                    yield keys
                if not cursor:
                    break


@asynccontextmanager
async def open_redis(url: str, patience: float = TIMEOUT_SECONDS) -> AsyncIterator[RedisClient]:
    """A client of the server, or of the cluster that the server belongs to.

    Raises RedisUnavailable when nothing answers within `patience` seconds; RedisRefused for a login that is refused,
    and for a server that may evict keys of its own accord.
    """
    address = address_of(url)
    # A retry belongs to the caller: only it knows whether a command may be sent twice.
    options: dict[str, Any] = {"protocol": 2, "socket_timeout": patience, "socket_connect_timeout": patience}
    options["max_connections"] = MAX_CONNECTIONS  # of its own accord redis-py refuses the hundred-first command
    client: Any = Redis.from_url(url, retry=Retry(NoBackoff(), 0), **options)
    try:
        _leave_answers_as_they_are(client)
        with redis_errors(address):
            fields = _information(await client.execute_command("INFO", "everything"))
        _require_no_eviction(fields, address)
        if is_in_cluster(fields):
            await client.aclose()
            client = RedisCluster.from_url(url, **options)
            _leave_answers_as_they_are(client)
            with redis_errors(address):
                await client.initialize()
        yield _Client(client, address, fields)
    finally:
        await client.aclose()


@contextmanager
def redis_errors(address: str) -> Iterator[None]:
    """Raises RedisUnavailable and RedisRefused in place of the errors of redis-py."""
    try:
        yield
    except OutOfMemoryError as error:
        raise RedisUnavailable(
            f"the Redis at {address} is full; raise its maxmemory or take other data out of it; the read models go on"
            " by themselves then"
        ) from error
    except _REFUSALS as error:
        raise _refused(address, error) from error
    except _TRANSIENT as error:
        if _LOGIN_REFUSAL.search(str(error)):
            raise _refused(address, error) from error
        raise RedisUnavailable(
            f"no Redis answers at {address} ({_reason(error)}); start it, or set LEADSTREAM_REDIS_URL"
        ) from error
    except ResponseError as error:
        if str(error).startswith(("MISCONF", "NOREPLICAS", "LOADING", "BUSY", "UNBLOCKED")):
            raise RedisUnavailable(f"the Redis at {address} takes no writes for now: {_reason(error)}") from error
        raise _refused(address, error) from error
    except RedisError as error:
        raise RedisUnavailable(f"the Redis at {address} gave no answer: {_reason(error)}") from error


def is_in_cluster(fields: Mapping[str, str]) -> bool:
    """Whether a server of which INFO says this belongs to a Redis Cluster."""
    return fields.get("cluster_enabled") == "1"


def has_read_only_scripts(fields: Mapping[str, str]) -> bool:
    """Whether scripts that read are run by commands of their own, which Redis has from version 7 on."""
    # Of these commands redis-py asks a cluster each time which of the arguments are keys.
    return not is_in_cluster(fields) and int(fields.get("redis_version", "0").partition(".")[0]) >= 7


def address_of(url: str) -> str:
    """The host and port of a URL, for messages: no password."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or 6379}"


def _raise_first(answers: list[Any]) -> list[Any]:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


def _refused(address: str, error: BaseException) -> RedisRefused:
    return RedisRefused(
        f"the Redis at {address} refuses: {_reason(error)}; see user and password in LEADSTREAM_REDIS_URL, and what"
        " the user may do"
    )


def _reason(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__


def hash_fields(answer: Sequence[bytes]) -> dict[bytes, bytes]:
    """The fields of a hash, of the list that the server answers."""
    return dict(zip(answer[::2], answer[1::2], strict=True))


def _leave_answers_as_they_are(client: Any) -> None:
    """What redis-py makes of answers depends on its version, on the protocol, and on what is at the other end."""
    for command in _PLAIN_COMMANDS:
        client.response_callbacks.pop(command, None)


def _information(answer: bytes) -> dict[str, str]:
    text = answer.decode(errors="replace")
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def _require_no_eviction(fields: dict[str, str], address: str) -> None:
    policy = fields.get("maxmemory_policy", "noeviction")
    # `volatile-...` takes keys that expire: timelines do.
    if fields.get("maxmemory", "0") != "0" and policy != "noeviction":
        raise RedisRefused(
            f"the Redis at {address} throws keys away when it is full (maxmemory-policy {policy}), and the read"
            " models would be wrong without a word; set maxmemory-policy noeviction, or name another Redis"
        )

"""Connections on which nothing comes or goes: they end, and nobody needs a token to open one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from streams.serve.guards.connection import BoundedConnection

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
ANSWER_BYTES = 8_000_000
LIMIT_SECONDS = 30.0


class _HastyConnection(BoundedConnection):
    head_seconds = 0.3
    taking_seconds = 0.3


async def answer(_scope: Scope, receive: Receive, send: Send) -> None:
    """Waits for the end of the request, and answers more than a system keeps for a client."""
    while (await receive()).get("more_body"):
        pass
    length = (b"content-length", b"%d" % ANSWER_BYTES)
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": b"x" * ANSWER_BYTES})


@asynccontextmanager
async def listening() -> AsyncIterator[int]:
    """A server of such connections; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            cast(Any, answer),  # uvicorn's own types of ASGI are narrower than Starlette's
            http=_HastyConnection,
            ws="none",
            lifespan="off",
            log_config=None,
            timeout_keep_alive=1,
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


@pytest.mark.parametrize("begin", [b"", b"GE", REQUEST], ids=["nothing", "a word", "half a head"])
async def test_who_asks_for_nothing_is_not_waited_for(begin: bytes) -> None:
    async with listening() as port, asyncio.timeout(LIMIT_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begin)
        with suppress(ConnectionResetError):  # an end without a reset is as good
            assert await reader.read() == b""
        writer.close()


async def test_who_takes_no_answer_is_not_waited_for() -> None:
    async with listening() as port, asyncio.timeout(LIMIT_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_024)
        writer.write(REQUEST + b"\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        await asyncio.sleep(1.0)  # the client is what is late here
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(ANSWER_BYTES)
        writer.close()


async def test_who_asks_again_and_takes_its_time_for_a_body_is_served() -> None:
    async with listening() as port, asyncio.timeout(LIMIT_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(REQUEST + b"Content-Length: 2\r\n\r\na")
            await asyncio.sleep(0.6)  # longer than a head may take
            writer.write(b"b")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert len(await reader.readexactly(ANSWER_BYTES)) == ANSWER_BYTES
        writer.close()

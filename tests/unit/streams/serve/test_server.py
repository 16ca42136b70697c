"""The end of the server: what has begun is answered, whatever ends beside it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import cast

from starlette.types import Receive, Scope, Send

from streams.runtime.process.supervisor import Supervisor
from streams.serve.server import _config, _serve, _Server
from tests.harness.serve.api import ApiUnderTest

LIMIT_SECONDS = 30
PAUSE_SECONDS = 0.5
"""Less than open requests have at the end, more than an end takes that waits for none."""
BODY = b'{"segment": "vip", "contacts": ["late"]}'
HEAD = b"POST /api/v1/segments/add HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


class WriterOfViews:
    """Ends at once when it is told to."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()
        self.ended = asyncio.Event()

    async def run(self) -> int:
        await self._stopping.wait()
        self.ended.set()
        return 0

    def stop(self) -> None:
        self._stopping.set()


async def test_a_command_that_is_on_its_way_when_the_server_ends_is_taken() -> None:
    api, views, started, begun = ApiUnderTest(), WriterOfViews(), asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await api.app(scope, receive, send)

    server = _Server(_config(app), started.set)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(_serve(server, api.context, listener, cast(Supervisor, views)))
        async with asyncio.timeout(LIMIT_SECONDS):
            await started.wait()
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY[:5])
            await begun.wait()
            os.kill(os.getpid(), signal.SIGTERM)
            await views.ended.wait()
            assert not (await asyncio.wait({serving}, timeout=PAUSE_SECONDS))[0], "it waits for the command"
            writer.write(BODY[5:])
            assert (await reader.readline()).startswith(b"HTTP/1.1 202")
            writer.close()
            await serving
    assert len(api.writer.lines) == 1
    await api.context.close()

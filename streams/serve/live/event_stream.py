"""Server-sent events: an answer without an end, which a browser takes up again where it broke off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from streams.errors import LeadstreamError
from streams.serve.problems import HttpProblem

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_SECONDS = 10.0
SEND_SECONDS = 30.0
"""A client that takes nothing for so long is dropped: it comes back with the position that it has."""
RECONNECT_MS = 1_000
MAX_STREAMS = 200


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event; `data` is one line of JSON. With `id` a client knows where to go on."""

    event: str
    data: str
    id: str | None = None

    def encode(self) -> bytes:
        """The event as it is sent."""
        id_line = "" if self.id is None else f"id: {self.id}\n"
        return f"{id_line}event: {self.event}\ndata: {self.data}\n\n".encode()


class OpenStreams:
    """Counts the streams that are open, and ends them all when the server stops."""

    def __init__(self, most: int = MAX_STREAMS) -> None:
        self._most = most
        self.count = 0
        self.stopping = asyncio.Event()

    def require_room(self) -> None:
        """Raises HttpProblem where too many are open."""
        if self.count >= self._most or self.stopping.is_set():
            raise HttpProblem("busy", f"{self.count} streams are open", headers={"Retry-After": "5"})


class EventStream(Response):
    """Sends batches of events as they come, and a comment where none came for a while.

    There is no queue: the next batch is read when the client has taken the one before, so a slow client costs one
    batch of memory and loses nothing. `open_batches` is called when the answer begins; a batch may be empty, and one
    comes at least every second.
    """

    media_type = MEDIA_TYPE

    def __init__(
        self,
        streams: OpenStreams,
        open_batches: Callable[[], AsyncGenerator[list[StreamEvent], None]],
        *,
        heartbeat: float = HEARTBEAT_SECONDS,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._streams = streams
        self._open_batches = open_batches
        self._heartbeat = heartbeat
        self._send_seconds = send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Sends until the client goes, the server stops, or what is read fails. Raises HttpProblem without room."""
        self._streams.require_room()  # once more: others may have come since the route asked
        self._streams.count += 1
        gone = asyncio.create_task(wait_for_end(receive))
        sending = asyncio.create_task(self._send_all(send))
        stopping = asyncio.create_task(self._streams.stopping.wait())
        try:
            await asyncio.wait([gone, sending, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._streams.count -= 1
            for task in (gone, sending, stopping):
                task.cancel()
            outcomes = await asyncio.gather(gone, sending, stopping, return_exceptions=True)
        failure = outcomes[1]
        if isinstance(failure, Exception) and not isinstance(failure, TimeoutError | OSError):
            raise failure
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await send({"type": "http.response.body", "body": b""})

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await self._send(send, f"retry: {RECONNECT_MS}\n\n".encode())
        now = asyncio.get_running_loop().time
        last = now()
        try:
            async with aclosing(self._open_batches()) as batches:
                async for batch in batches:
                    if batch:
                        await self._send(send, b"".join(event.encode() for event in batch))
                    elif now() - last >= self._heartbeat:
                        await self._send(send, b": nothing new\n\n")
                    else:
                        continue
                    last = now()
        except LeadstreamError:
            # Redis is away or the read models are built anew: the client comes again, and is told so by its status.
            await self._send(send, b": interrupted\n\n")

    async def _send(self, send: Send, body: bytes) -> None:
        async with asyncio.timeout(self._send_seconds):
            await send({"type": "http.response.body", "body": body, "more_body": True})


async def wait_for_end(receive: Receive) -> None:
    """Returns when the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
